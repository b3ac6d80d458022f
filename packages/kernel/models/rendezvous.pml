/* Operations on unbuffered channels, selects among them, and selects that mix them with buffered channels:
   assembly/rendezvous.ts (claim, rendezvousLook, rendezvousClose), token.ts (tokenSetOpen, tokenHold, tokenTake, tokenReap),
   and above them core/src/posting.ts (open, again, hold) and ring-medium.ts (a waiter with a token is held before it is served).

   Each thread has one operation of up to two cases; threads.pml has several operations for each thread. Thread 0 is the most senior. A
   token is its state and version; a board is the version that is posted for a case (board.pml has its steps); the
   buffered channel is a counter with wake tickets (ring.pml, parking.pml); a poke is one bit (mailbox.pml).

   N1  an operation is committed once, by one case, both sides agree on which, and nobody is committed with an operation
       whose thread has been reaped
   N2  when nothing moves any more, no two live threads are parked with cases that match, nobody is parked on a closed channel, no
       select is parked while its buffered case could go on, and nobody sleeps with a token that has been taken
   N3  retracting ends: an operation holds itself back at most RETRIES times in any run of the bound
   N4  lock-free: no endless run (there is none at all: every run ends)
   N5  a try that fails: no counterpart was open from before it began until its end (but for one that was BUSY when
       the try came by: SCENARIO=7 shows it)

   BROKEN=1  no look at the counterparts after the token is opened
   BROKEN=2  a posted operation claims without holding its own token first
   BROKEN=3  everybody gives way, not only juniors
   BROKEN=4  seniors do not poke juniors
   BROKEN=5  reaping does not tell the others to look at everything
   BROKEN=6  reaping leaves the tokens of the dead open
   BROKEN=7  claim does not look whether the channel is closed
   BROKEN=8  who is committed elsewhere does not pass the buffered channel's baton on
   BROKEN=9  a waiter is served by the buffered channel without holding its token first */
#include "steps.h"
#ifndef SCENARIO
#define SCENARIO 1
#endif
#ifndef THREADS
#define THREADS 3
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef RETRIES
#define RETRIES 8
#endif

#define RX 0                               /* receive from x: channel * 2 + direction */
#define SX 1
#define RY 2
#define SY 3
#define RB 4                               /* the buffered channel */
#define SB 5
#define NONE 9
#define OPPOSITE(k) ((k) ^ 1)
#define BUFFERED(k) ((k) == RB || (k) == SB)
#define UNBUFFERED(k) ((k) < RB)
#define BIT(t) (1 << (t))

#define FREE 0
#define OPEN 1
#define TAKEN 2
#define BUSY 3

typedef Board { byte at[4] };
Board board[THREADS];
byte state[THREADS], version[THREADS] = 1, takenCase[THREADS];
bool closed[2];
byte items, interest[2], alive = 255;
#define READY(k) (((k) == RB && items > 0) || ((k) == SB && items < CAPACITY))

byte cases[2 * THREADS] = NONE;
bool tries[THREADS];
bool poked[THREADS];
#define A cases[2 * me]
#define B cases[2 * me + 1]
#define HAS(t, k) (cases[2 * (t)] == (k) || cases[2 * (t) + 1] == (k))
#define HAS_TOKEN (UNBUFFERED(A) || UNBUFFERED(B))
/* ghost */
byte commits[THREADS], committedCase[THREADS], openBefore[THREADS];
bool asleep[THREADS], over[THREADS], gone[THREADS];
byte unreaped, reaped;

inline wakeOne(direction) {
  do
  :: STEP(m = interest[direction]);
     STEP(m = m & alive);
     if :: m == 0 -> break :: else fi;
     if :: m & 1 -> u = 0 :: m & 2 -> u = 1 :: m & 4 -> u = 2 :: m & 8 -> u = 3 fi;
     STEP(got = (interest[direction] & BIT(u)) != 0; interest[direction] = interest[direction] & ~BIT(u));
     if :: got -> if :: u != me -> STEP(poked[u] = true); break :: else fi :: else fi
  od; m = 0; u = 0; got = false
}

/* Tries case k of an operation that is unposted or held: done, or ended by a close, or neither. */
inline attempt(k) {
  if
  :: BUFFERED(k) ->
     STEP(d_step {
       done = READY(k);
       if :: done -> assert(commits[me] == 0); commits[me]++; committedCase[me] = k;
                     if :: k == RB -> items-- :: else -> items++ fi
          :: else fi });
     if :: done -> STEP(got = interest[1 - (k & 1)] != 0); if :: got -> got = false; wakeOne(1 - (k & 1)) :: else fi :: else fi
  :: UNBUFFERED(k) ->
#if BROKEN != 7
     STEP(ended = closed[k / 2]);
#endif
     u = 0;
     do
     :: u == THREADS || done || ended -> break
     :: u == me && u < THREADS && !done && !ended -> u++
     :: u != me && u < THREADS && !done && !ended ->
        STEP(v = board[u].at[OPPOSITE(k)]);
        if
        :: v != 0 ->
           STEP(d_step {                   /* tokenTake: commits both */
             if
             :: state[u] == OPEN && version[u] == v ->
                state[u] = TAKEN; takenCase[u] = OPPOSITE(k); done = true;
                assert(commits[me] == 0 && commits[u] == 0 && !(reaped & BIT(u)));
                commits[me]++; commits[u]++; committedCase[me] = k; committedCase[u] = OPPOSITE(k)
             :: else
             fi });
           if :: done -> STEP(poked[u] = true) :: else fi
        :: else
        fi; v = 0; u++
     od; u = 0
  :: else
  fi
}

/* rendezvousLook: leaves k in `match` if this operation has to claim there. */
inline look(k) {
  if
  :: UNBUFFERED(k) && match == NONE ->
     STEP(got = closed[k / 2]); if :: got -> got = false; match = k :: else fi;
     u = 0;
     do
     :: u == THREADS || match != NONE -> break
     :: u == me && match == NONE -> u++
     :: u != me && u < THREADS && match == NONE ->
        STEP(v = board[u].at[OPPOSITE(k)]);
        if
        :: v != 0 ->
           STEP(got = (state[u] == OPEN && version[u] == v));
           if
           :: got ->
              got = false;
#if BROKEN == 3
              match = k
#else
              if :: u < me -> match = k
#if BROKEN == 4
                 :: else -> skip
#else
                 :: else -> STEP(poked[u] = true)
#endif
              fi
#endif
           :: else
           fi
        :: else
        fi; v = 0; u++
     od; u = 0
  :: else
  fi
}

inline tokenHold() {
  retries++; assert(retries <= RETRIES);
  STEP(CAS(held, state[me], OPEN, BUSY))
}

/* A buffered case, in the medium's queue: #serve and #again of ring-medium.ts. `reopened`: look at the boards again. */
inline serve(k) {
  if
  :: BUFFERED(k) && !done ->
     do
     :: STEP(got = READY(k));
        if
        :: got ->
           got = false;
#if BROKEN != 9
           if :: state[me] != FREE -> tokenHold(); if :: !held -> goto over_ :: else fi; held = false :: else fi;
#endif
           attempt(k);
           if :: done -> goto over_ :: else fi;
           if :: state[me] == BUSY -> STEP(state[me] = OPEN); reopened = true :: else fi
        :: else
        fi;
        STEP(interest[k & 1] = interest[k & 1] | BIT(me));
        STEP(got = READY(k));
        if :: got -> got = false :: else -> break fi
     od
  :: else
  fi
}

inline unpark(k) {
  if
  :: BUFFERED(k) ->
     STEP(got = (interest[k & 1] & BIT(me)) != 0; interest[k & 1] = interest[k & 1] & ~BIT(me));
#if BROKEN != 8
     if :: !got -> STEP(got = READY(k)); if :: got -> got = false; wakeOne(k & 1) :: else fi :: else fi;
#endif
     got = false
  :: else
  fi
}

proctype Operation(byte me) {
  byte u, v, m, match = NONE, retries; bool done, ended, held, got, reopened;
  atomic {
    if
    :: tries[me] ->
       do :: u < THREADS -> openBefore[u] = (asleep[u] && state[u] == OPEN && !gone[u] -> version[u] : 0); u++ :: else -> break od; u = 0
    :: else
    fi
  };
  if                                       /* unposted: the cases in any order */
  :: true -> attempt(A); if :: !done && !ended && B != NONE -> attempt(B) :: else fi
  :: B != NONE -> attempt(B); if :: !done && !ended -> attempt(A) :: else fi
  fi;
  if :: done || ended || tries[me] -> goto over_ :: else fi;
  serve(A); serve(B);                      /* parks: first with the buffered channel, which may serve it at once */
  if
  :: HAS_TOKEN ->
     STEP(state[me] = BUSY);               /* tokenCreate, tokenPost */
     if :: UNBUFFERED(A) -> STEP(board[me].at[A] = version[me]) :: else fi;
     if :: UNBUFFERED(B) -> STEP(board[me].at[B] = version[me]) :: else fi;
     STEP(state[me] = OPEN)                /* tokenOpen */
  :: else
  fi;
again:                                     /* Posting.again */
#if BROKEN != 1
  if
  :: HAS_TOKEN ->
     look(A); look(B);
     if
     :: match != NONE ->
#if BROKEN != 2
        tokenHold();
        if :: !held -> match = NONE; goto over_ :: else fi; held = false;
#else
        retries++; assert(retries <= RETRIES);
#endif
        if :: match == A -> attempt(A) :: else -> attempt(B) fi; match = NONE;
        if :: done || ended -> goto over_ :: else fi;
        STEP(state[me] = OPEN);
        goto again
     :: else
     fi
  :: else
  fi;
#endif
  asleep[me] = true;
end_asleep:
  if
  :: atomic { poked[me] -> asleep[me] = false }; STEP(poked[me] = false);
     STEP(got = (state[me] == TAKEN));
     if :: got -> got = false; goto over_ :: else fi;
     serve(A); serve(B); reopened = false;
     goto again
  :: DIE_HERE
  fi;
over_:
  unpark(A); unpark(B);
  atomic {
    assert(ended || tries[me] || commits[me] == 1);
    assert(!(ended && commits[me] > 0));
    if :: state[me] == TAKEN -> assert(takenCase[me] == committedCase[me]) :: else fi;
    if
    :: tries[me] && !ended && commits[me] == 0 ->
       u = 0;
       do
       :: u < THREADS ->
          assert(gone[u] || !(openBefore[u] == version[u] && state[u] == OPEN && (HAS(u, OPPOSITE(A)) || (B != NONE && HAS(u, OPPOSITE(B)))))); u++
       :: else -> break
       od
    :: else
    fi;
    over[me] = true
  };
  goto out;
dead:
  atomic { gone[me] = true; unreaped = unreaped | BIT(me) };
out:
  atomic { asleep[me] = false; u = 0; v = 0; m = 0; match = NONE; retries = 0; done = false; ended = false; held = false; got = false; reopened = false }
}

proctype Reaper() {
  byte who, u;
end_reap:
  do
  :: atomic { unreaped != 0 -> who = 0; do :: unreaped & BIT(who) -> break :: else -> who++ od; unreaped = unreaped & ~BIT(who); u = 0 };
     alive = alive & ~BIT(who);
#if BROKEN != 6
     d_step { if :: state[who] == OPEN || state[who] == BUSY -> state[who] = FREE :: else fi };      /* tokenReap */
#endif
     reaped = reaped | BIT(who);
     interest[0] = interest[0] & ~BIT(who);
     interest[1] = interest[1] & ~BIT(who);
#if BROKEN != 5
     do :: u < THREADS -> poked[u] = true; u++ :: else -> break od; u = 0;
#endif
     who = 0
  od
}

#ifdef CLOSE
proctype Closer() {
  byte u;
  closed[0] = true;
  do :: u < THREADS -> if :: board[u].at[RX] != 0 || board[u].at[SX] != 0 -> poked[u] = true :: else fi; u++ :: else -> break od
}
#endif

#define PARKED(t) (!gone[t] && !over[t] && state[t] == OPEN)
proctype Monitor() {
  byte a, b, k;
  timeout -> d_step {
    for (a : 0 .. THREADS - 1) {
      assert(gone[a] || over[a] || state[a] != TAKEN);
      assert(gone[a] || over[a] || !((HAS(a, RB) && READY(RB)) || (HAS(a, SB) && READY(SB))));
      for (k : 0 .. 3) {
        if
        :: PARKED(a) && HAS(a, k) ->
           assert(!closed[k / 2]);
           for (b : 0 .. THREADS - 1) { assert(a == b || !(PARKED(b) && HAS(b, OPPOSITE(k)))) }
        :: else
        fi
      }
    }
  }
}

inline operation(t, first, second, isTry) { cases[2 * t] = first; cases[2 * t + 1] = second; tries[t] = isTry }

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
#if SCENARIO == 1      /* crossing selects, and a receiver */
    operation(0, SX, RY, 0); operation(1, RX, SY, 0);
#if THREADS > 2
    operation(2, RX, NONE, 0)
#endif
#elif SCENARIO == 2    /* a ring of three selects: each could match with each */
    operation(0, SX, RY, 0); operation(1, RX, RY, 0); operation(2, SY, SX, 0)
#elif SCENARIO == 3    /* two senders, two receivers */
    operation(0, SX, NONE, 0); operation(1, RX, NONE, 0); operation(2, SX, NONE, 0); operation(3, RX, NONE, 0)
#elif SCENARIO == 4    /* selects and plain operations */
    operation(0, SX, RY, 0); operation(1, RX, NONE, 0); operation(2, SY, NONE, 0); operation(3, RX, SY, 0)
#elif SCENARIO == 5    /* a select that receives, a sender, a try to send */
    operation(0, RX, RY, 0); operation(1, SX, NONE, 0); operation(2, SX, NONE, 1)
#elif SCENARIO == 6    /* a sender and two receivers, all junior to it */
    operation(0, SX, NONE, 0); operation(1, RX, NONE, 0); operation(2, RX, NONE, 0)
#elif SCENARIO == 7    /* the known limit: a try that meets a BUSY token */
    operation(0, SY, NONE, 0); operation(1, RY, NONE, 0); operation(2, RX, RY, 0); operation(3, SX, NONE, 1)
#elif SCENARIO == 8    /* mixed: a select on both kinds, a rival for the buffered value, a sender */
    operation(0, RB, RX, 0); operation(1, RB, NONE, 0); operation(2, SB, NONE, 0);
#if THREADS > 3
    operation(3, SX, NONE, 0)
#endif
#elif SCENARIO == 9    /* mixed and crossing */
    operation(0, RB, SX, 0); operation(1, SB, RX, 0); operation(2, SB, NONE, 0);
#if THREADS > 3
    operation(3, RB, NONE, 0)
#endif
#elif SCENARIO == 10   /* mixed: the select is junior */
    operation(0, SX, NONE, 0); operation(1, RB, RX, 0); operation(2, SB, NONE, 0);
#if THREADS > 3
    operation(3, RB, NONE, 0)
#endif
#endif
    for (i : 0 .. THREADS - 1) { run Operation(i) }
    run Reaper();
#ifdef CLOSE
    run Closer();
#endif
    run Monitor()
  }
}
