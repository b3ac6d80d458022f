/* Seniority where a thread has several operations parked: who is told, and who looks. rendezvousLook pokes a junior thread at the
   channel, RendezvousMedium.look lets the thread's first waiter there look again (Posting.again), and goes on with the next
   one if that one is over; a completion is poked at the token itself.

   A thread runs one operation at a time (`running`). Nobody dies here: rendezvous.pml has that.

   T1  when nothing moves any more, no two operations of live threads that match are parked
   T2  an operation is committed once

   BROKEN=1  a poke is for the first waiter alone: nobody goes on with the next
   BROKEN=2  a poke names an operation (the first open token that was seen), not the channel */
#include "steps.h"
#ifndef SCENARIO
#define SCENARIO 1
#endif
#define OPERATIONS 4
#define THREADS 3
#define NONE 9
#define RX 0
#define SX 1
#define RY 2
#define SY 3
#define FREE 0
#define OPEN 1
#define TAKEN 2
#define BUSY 3
#define OPPOSITE(k) ((k) ^ 1)
#define CHANNEL(k) ((k) / 2)

typedef Board { bool at[4] };
typedef Pokes { bool channel[2] };
Board board[OPERATIONS];
Pokes poked[THREADS];
bool running[THREADS];
byte state[OPERATIONS], thread[OPERATIONS], cases[2 * OPERATIONS];
bool completed[OPERATIONS], told[OPERATIONS], over[OPERATIONS];
byte dispatchedBy[OPERATIONS];             /* 1 + the channel whose dispatch lets it look, 0 = none */
byte commits[OPERATIONS];                  /* ghost */
#define HAS(o, k) (cases[2 * (o)] == (k) || cases[2 * (o) + 1] == (k))
#define A cases[2 * me]
#define B cases[2 * me + 1]

inline claim(k) {
  u = 0;
  do
  :: u == OPERATIONS || done -> break
  :: u == me && !done -> u++
  :: u < OPERATIONS && u != me && !done ->
     if
     :: board[u].at[OPPOSITE(k)] ->
        d_step {
          if
          :: state[u] == OPEN -> state[u] = TAKEN; done = true; assert(commits[me] == 0 && commits[u] == 0); commits[me]++; commits[u]++
          :: else
          fi };
        if :: done -> completed[u] = true :: else fi
     :: else
     fi; u++
  od; u = 0
}

inline look(k) {
  u = 0;
  do
  :: u == OPERATIONS || match != NONE -> break
  :: u == me && match == NONE -> u++
  :: u < OPERATIONS && u != me && match == NONE ->
     if
     :: board[u].at[OPPOSITE(k)] ->
        if
        :: state[u] == OPEN ->
           if
           :: thread[u] <= thread[me] -> match = k
#if BROKEN == 2
           :: else -> told[u] = true; break
#else
           :: else -> poked[thread[u]].channel[CHANNEL(k)] = true
#endif
           fi
        :: else
        fi
     :: else
     fi; u++
  od; u = 0
}

proctype Operation(byte me) {
  byte u, match = NONE, retries; bool done;
  atomic { !running[thread[me]] -> running[thread[me]] = true };
  if
  :: true -> claim(A); if :: !done && B != NONE -> claim(B) :: else fi
  :: B != NONE -> claim(B); if :: !done -> claim(A) :: else fi
  fi;
  if :: done -> goto over_ :: else fi;
  state[me] = BUSY;
  board[me].at[A] = true; if :: B != NONE -> board[me].at[B] = true :: else fi;
  state[me] = OPEN;
again:
  look(A); if :: match == NONE && B != NONE -> look(B) :: else fi;
  if
  :: match != NONE ->
     d_step { done = (state[me] == OPEN); if :: done -> state[me] = BUSY :: else fi };
     if :: done -> done = false :: else -> goto over_ fi;
     retries++; assert(retries < 12);
     if :: match == A -> claim(A) :: else -> claim(B) fi; match = NONE;
     if :: done -> goto over_ :: else fi;
     state[me] = OPEN;
     goto again
  :: else
  fi;
  atomic { dispatchedBy[me] = 0; running[thread[me]] = false };
end_parked:
  if
  :: atomic { completed[me] && !running[thread[me]] -> running[thread[me]] = true; assert(state[me] == TAKEN) }; goto over_
  :: atomic { told[me] && BROKEN == 2 && !running[thread[me]] -> running[thread[me]] = true; told[me] = false }; goto again
  :: atomic { told[me] && BROKEN != 2 -> told[me] = false }; goto again         /* `running` is the dispatcher's, for us */
  fi;
over_:
  assert(commits[me] == 1);
  atomic {
    over[me] = true;
#if BROKEN != 1
    if :: dispatchedBy[me] != 0 -> poked[thread[me]].channel[dispatchedBy[me] - 1] = true; dispatchedBy[me] = 0 :: else fi;
#endif
    told[me] = false; running[thread[me]] = false; done = false; match = NONE; retries = 0
  }
}

/* RendezvousMedium.look, for a thread that has been poked at a channel. */
proctype Look(byte t) {
  byte c, o;
end_idle:
  do
  :: atomic { (poked[t].channel[0] || poked[t].channel[1]) && !running[t] ->
       running[t] = true;
       if :: poked[t].channel[0] -> c = 0 :: poked[t].channel[1] -> c = 1 fi;
       poked[t].channel[c] = false; o = 0 };
     do
     :: o < OPERATIONS ->
        if
        :: atomic { thread[o] == t && !over[o] && state[o] == OPEN && (HAS(o, 2 * c) || HAS(o, 2 * c + 1)) -> dispatchedBy[o] = c + 1; told[o] = true }; break
        :: else -> o++
        fi
     :: o == OPERATIONS -> running[t] = false; break
     od; o = 0; c = 0
  od
}

proctype Monitor() {
  byte a, b, k;
  timeout -> d_step {
    for (a : 0 .. OPERATIONS - 1) {
      assert(over[a] || state[a] == OPEN);
      for (k : 0 .. 3) {
        if :: !over[a] && HAS(a, k) -> for (b : 0 .. OPERATIONS - 1) { assert(a == b || over[b] || !HAS(b, OPPOSITE(k))) } :: else fi
      }
    }
  }
}

inline operation(o, t, first, second) { thread[o] = t; cases[2 * o] = first; cases[2 * o + 1] = second }

init {
  byte i;
  atomic {
#if SCENARIO == 1      /* the first waiter of the middle thread may be taken by the third thread */
    operation(0, 0, SX, NONE); operation(1, 1, RX, RY); operation(2, 1, RX, NONE); operation(3, 2, SY, NONE);
#elif SCENARIO == 2    /* crossing selects on three threads */
    operation(0, 0, SX, RY); operation(1, 1, RX, SY); operation(2, 1, SY, NONE); operation(3, 2, RX, SX);
#elif SCENARIO == 3    /* two threads, two operations each */
    operation(0, 0, SX, NONE); operation(1, 0, SX, NONE); operation(2, 1, RX, NONE); operation(3, 1, RX, RY);
#endif
    for (i : 0 .. OPERATIONS - 1) { run Operation(i) }
    for (i : 0 .. THREADS - 1) { run Look(i) }
    run Monitor()
  }
}
