/* A mutex over several threads: one word with its owner, and wake tickets as in parking.pml. A thread may hold it for one of its goroutines
   while others of its goroutines wait. Whoever runs may overtake who was woken (barging); with -DHANDOFF a waiter that
   has waited too long says so in the word (starvation mode of Go's sync.Mutex), and the next unlock gives the lock to a
   waiting thread instead of freeing it. What a dead thread held can be taken over.

   X1  one thread holds it at a time, the dead aside
   X2  when nothing moves any more, nobody who lives waits, and nobody holds it
   X3  who is given the lock and wants it no more passes it on, and a lock given to a dead thread is taken over (HANDOFF)

   A poke is one bit (mailbox.pml).

   BROKEN=1  no second look after the ticket is set
   BROKEN=2  who has no waiter does not pass the baton on
   BROKEN=3  reaping does not tell the others to look at everything
   BROKEN=4  a dead owner's lock is not taken over
   BROKEN=5  who is given the lock is told before it is (HANDOFF)
   BROKEN=6  who is given the lock and wants it no more keeps it (HANDOFF) */
#include "steps.h"
#ifndef THREADS
#define THREADS 3
#endif
#ifndef WAITERS
#define WAITERS 1
#endif
#ifndef CANCELS
#define CANCELS 1
#endif
#define STARVING 64
#define OWNER (word & 63)
#define BIT(t) (1 << (t))

byte word, interest, alive = BIT(THREADS) - 1;
bool poked[THREADS], gone[THREADS], holds[THREADS];
byte waiters[THREADS];
byte cancels, unreaped;
#if BROKEN == 4
#define READY (OWNER == 0)
#else
#define READY (OWNER == 0 || !(alive & BIT(OWNER - 1)))
#endif
#define GIVEN (OWNER == me + 1 && !holds[me])

inline chooseTicket() {
  STEP(m = interest);
  STEP(m = m & alive);
  if :: m == 0 -> u = THREADS :: m & 1 -> u = 0 :: m & 2 -> u = 1 :: m & 4 -> u = 2 fi
}
inline wakeOne() {
  do
  :: chooseTicket();
     if :: u == THREADS -> break :: else fi;
     STEP(got = (interest & BIT(u)) != 0; interest = interest & ~BIT(u));
     if :: got -> STEP(poked[u] = true); break :: else fi
  od; m = 0; u = 0; got = false
}

/* Called by the owner only. */
inline unlock() {
#ifdef HANDOFF
  STEP(ok = (word & STARVING) != 0);
  if
  :: ok ->
     ok = false;
     do
     :: chooseTicket();
        if :: u == THREADS -> break :: else fi;
        STEP(got = (interest & BIT(u)) != 0; interest = interest & ~BIT(u));
        if :: got -> break :: else fi
     od;
     if
     :: u < THREADS ->                     /* the lock is u's now, and u is told */
#if BROKEN == 5
        STEP(poked[u] = true);
        STEP(holds[me] = false; word = u + 1);
#else
        STEP(holds[me] = false; word = u + 1);
        STEP(poked[u] = true);
#endif
        goto unlocked
     :: else
     fi
  :: else
  fi;
#endif
  STEP(holds[me] = false; word = 0);
  wakeOne();
unlocked:
  m = 0; u = 0; got = false
}

proctype Thread(byte me) {
  byte m, u; bool got, ok;
main:
  if
  :: waiters[me] > 0 ->
     STEP(d_step {
       ok = (READY || GIVEN) && !holds[me];
       if
       :: ok -> for (u : 0 .. THREADS - 1) { assert(!holds[u] || gone[u]) } u = 0; word = (word & STARVING) | (me + 1); holds[me] = true; waiters[me]--
       :: else
       fi });
     if :: ok -> ok = false; goto main :: else fi;
     STEP(interest = interest | BIT(me));
#if BROKEN != 1
     STEP(ok = (READY || GIVEN) && !holds[me]);
     if :: ok -> ok = false; goto main :: else fi
#endif
  :: else ->
#if BROKEN != 6
     STEP(ok = GIVEN);
     if :: ok -> ok = false; unlock() :: else fi;
#endif
#if BROKEN != 2
     STEP(ok = READY);
     if :: ok -> ok = false; wakeOne() :: else fi
#endif
     ;
  fi;
loop:
end_loop:
  if
  :: poked[me] -> STEP(poked[me] = false); goto main
  :: holds[me] -> goto release
  :: atomic { cancels > 0 && waiters[me] > 0 -> cancels--; waiters[me]-- }; goto main
#ifdef HANDOFF
  :: atomic { waiters[me] > 0 && OWNER != 0 && !(word & STARVING) -> word = word | STARVING }; goto loop      /* too long */
#endif
  :: DIE_HERE
  fi;
release:
  unlock();
  /* Who holds it keeps its own waiters waiting: they may go on now (local hand-over). */
  if :: waiters[me] > 0 -> goto main :: else -> goto loop fi;
dead:
  atomic { gone[me] = true; unreaped = unreaped | BIT(me); m = 0; u = 0; got = false; ok = false }
}

proctype Reaper() {
  byte who, u;
end_reap:
  do
  :: atomic { unreaped != 0 -> who = 0; do :: unreaped & BIT(who) -> break :: else -> who++ od; unreaped = unreaped & ~BIT(who); u = 0 };
     alive = alive & ~BIT(who);
     interest = interest & ~BIT(who);
#if BROKEN != 3
     do :: u < THREADS -> poked[u] = true; u++ :: else -> break od; u = 0;
#endif
     who = 0
  od
}

proctype Monitor() {
  byte t;
  timeout -> d_step { for (t : 0 .. THREADS - 1) { assert(gone[t] || (waiters[t] == 0 && !holds[t])) } }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    if :: cancels = 0 :: cancels = CANCELS fi;
    for (i : 0 .. THREADS - 1) { waiters[i] = WAITERS; run Thread(i) }
    run Reaper(); run Monitor()
  }
}
