/* Wake tickets: how threads wait for a ring without losing a wake-up. interestArm, interestDisarm, wakeOne and wakeAll of
   assembly/parking.ts, ringPark, ringUnpark, ringPassBaton and ringClose of ring.ts, threadReap of threads.ts, and
   above them the queues of core/src/ring-medium.ts (serve, again, left).

   Threads 0 to RECEIVERS-1 receive, the next SENDERS send. Each has goroutines parked here, as a number, ROUNDS times, and forgets
   the ring in between. The ring is a counter with room for CAPACITY (ring.pml has its steps), a poke one bit (mailbox.pml has its steps). A
   waiter may be canceled, somebody may close the ring, threads die anywhere (the closer too) and are reaped, and a dead one's
   number goes to a new thread, which waits for something else.

   W   when nothing moves any more, no live thread has a waiter that could go on
       (-DUNFILTERED: also where tickets are given to dead threads. The look at `alive` in wakeOne saves a detour, no more: a ticket
       that a dead thread got before the sweep is made good by the RESCAN after it.)
   L   lock-free: no endless run without an operation that succeeds

   BROKEN=1  no second look after the ticket is set
   BROKEN=2  who has no waiter does not pass the baton on
   BROKEN=3  reaping does not tell the others to look at everything
   BROKEN=4  reaping tells the others before it clears the alive bit and sweeps the tickets
   BROKEN=5  the number is used again before the dead thread's tickets are swept
   BROKEN=6  leaving takes the ticket back without asking whether it was still there */
#include "steps.h"
#ifndef RECEIVERS
#define RECEIVERS 2
#endif
#ifndef SENDERS
#define SENDERS 1
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef WAITERS
#define WAITERS 1                          /* of each receiving thread */
#endif
#ifndef VALUES
#define VALUES 2                           /* that each sending thread has to send */
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef CANCELS
#define CANCELS 0
#endif

#define THREADS (RECEIVERS + SENDERS)
#define RECEIVE 0
#define SEND 1
#define DIRECTION(t) ((t) >= RECEIVERS)
#define BIT(t) (1 << (t))

/* the ring */
byte items; bool closed;
byte interest[2];
#define READY(d) (closed || ((d) == RECEIVE && items > 0) || ((d) == SEND && items < CAPACITY))

/* the threads */
byte alive = (1 << THREADS) - 1;
bool poked[THREADS];                       /* RESCAN and pokes: look again */
/* what a thread keeps to itself, and ghost */
byte waiters[THREADS]; bool parked[THREADS], gone[THREADS];
byte cancels, unreaped;

/* The choice is free here; the kernel takes turns. */
inline wake(direction, all) {
  do
  :: STEP(m = interest[direction]);
#ifndef UNFILTERED
     STEP(m = m & alive);
#endif
     if :: m == 0 -> break :: else fi;
     if :: m & 1 -> u = 0 :: m & 2 -> u = 1 :: m & 4 -> u = 2 :: m & 8 -> u = 3 fi;
     STEP(got = (interest[direction] & BIT(u)) != 0; interest[direction] = interest[direction] & ~BIT(u));
     if
     :: got && u == me -> self = true; if :: all -> skip :: else -> break fi
     :: got && u != me -> STEP(poked[u] = true); if :: all -> skip :: else -> break fi
     :: else
     fi
  od; m = 0; u = 0; got = false
}

inline passBaton(direction) {              /* ringPassBaton until it is not our own ticket */
  do
  :: STEP(got = READY(direction));
     if :: got -> got = false; self = false; wake(direction, false); if :: self -> self = false :: else -> break fi
        :: else -> break
     fi
  od; got = false
}

/* #serve, #again and #left of ring-medium.ts */
inline look() {
  do
  :: waiters[me] > 0 ->
     STEP(d_step {
       ok = READY(d);
       if
       :: ok && closed && (d == SEND || items == 0) -> waiters[me]--
       :: ok && !(closed && (d == SEND || items == 0)) -> waiters[me]--; if :: d == RECEIVE -> items-- :: else -> items++ fi
       :: else
       fi });
     if
     :: ok ->
progress_operation:
        ok = false; STEP(got = (interest[1 - d] != 0));
        if :: got -> got = false; wake(1 - d, false); self = false :: else fi
     :: else ->                            /* ringPark */
        STEP(got = (interest[d] & BIT(me)) == 0);
        if :: got -> STEP(interest[d] = interest[d] | BIT(me)) :: else fi; got = false;
#if BROKEN != 1
        STEP(ok = READY(d));
        if :: ok -> ok = false :: else -> break fi
#else
        break
#endif
     fi
  :: else ->
#if BROKEN != 2
     passBaton(d);
#endif
     break
  od;
  left()
}

inline left() {
  if
  :: waiters[me] == 0 && parked[me] ->     /* ringUnpark */
     parked[me] = false;
     STEP(got = (interest[d] & BIT(me)) != 0; interest[d] = interest[d] & ~BIT(me));
#if BROKEN != 6 && BROKEN != 2
     if :: !got -> passBaton(d) :: else fi;
#endif
     got = false
  :: else
  fi
}

proctype Thread(byte me; byte rounds) {
  byte m, u; bool got, ok, self, d;
  d = DIRECTION(me);
begin:
  if
  :: rounds > 0 -> rounds--; atomic { waiters[me] = (d == RECEIVE -> WAITERS : VALUES); parked[me] = true }; look()
  :: else
  fi;
end_asleep:
  if
  :: poked[me] -> STEP(poked[me] = false); if :: parked[me] -> look() :: else fi; goto end_asleep
  :: atomic { cancels > 0 && waiters[me] > 0 -> cancels--; waiters[me]-- }; left(); goto end_asleep
  :: rounds > 0 && waiters[me] == 0 -> goto begin         /* a goroutine parks here again */
  :: DIE_HERE
  fi;
dead:
  atomic { gone[me] = true; unreaped = unreaped | BIT(me); m = 0; u = 0; got = false; ok = false; self = false }
}

#ifdef CLOSE
/* ringClose on a thread that does nothing else, and dies like others. */
proctype Closer() {
  byte me = 7, m, u; bool got, self;
  STEP(closed = true);
  wake(RECEIVE, true);
  wake(SEND, true);
  goto out;
dead: unreaped = unreaped | BIT(7);
out: atomic { m = 0; u = 0; got = false; self = false }
}
#endif

inline tellAll() {                         /* RESCAN for everybody */
     do
     :: u < THREADS -> if :: alive & BIT(u) -> poked[u] = true :: else fi; u++
     :: else -> break
     od; u = 0
}

/* threadReap, and a thread that gets the number: it waits for something else, so it forgets every poke for this ring. */
proctype Reaper() {
  byte who, u;
end_reap:
  do
  :: atomic { unreaped != 0 ->
       who = 0; do :: unreaped & BIT(who) -> break :: else -> who++ od;
       unreaped = unreaped & ~BIT(who); u = 0 };
#if BROKEN == 4
     tellAll();
#endif
     if
     :: who < THREADS ->
        alive = alive & ~BIT(who);
#if BROKEN != 5
        interest[RECEIVE] = interest[RECEIVE] & ~BIT(who);
        interest[SEND] = interest[SEND] & ~BIT(who)
#endif
     :: else
     fi;
#if BROKEN != 3 && BROKEN != 4
     tellAll();
#endif
     if
     :: who < THREADS -> atomic { alive = alive | BIT(who); poked[who] = false }
     :: else
     fi; who = 0
  od
}

proctype Monitor() {
  byte t;
  timeout -> d_step {
    for (t : 0 .. THREADS - 1) {
      assert(gone[t] || waiters[t] == 0 || !READY(DIRECTION(t)))
    }
  }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    if :: cancels = 0 :: CANCELS > 0 -> cancels = CANCELS fi;
    for (i : 0 .. THREADS - 1) { run Thread(i, ROUNDS) }
    run Reaper();
#ifdef CLOSE
    run Closer();
#endif
    run Monitor()
  }
}
