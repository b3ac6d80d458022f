/* A wait group over several threads: {epoch, count} in one word, and tickets as in parking.pml. Whoever takes the count to 0
   begins the next epoch in the same swap, and wakes everybody. Who waits remembers the epoch: the group may be used again before it
   gets to look. What a dead thread's goroutines owed is paid by whoever started them, when it is told that they are lost: once (task.pml, T2).

   G1  nobody's wait ends before the count has been 0 since it began
   G2  when nothing moves any more, no live thread waits for an epoch that is over, and the count is what is still owed
   G3  the count is never negative

   BROKEN=1  no epoch: a waiter looks whether the count is 0
   BROKEN=2  no second look after the ticket is set
   BROKEN=3  who ends an epoch wakes one ticket, and who is woken passes nothing on
   BROKEN=4  reaping does not tell the others to look at everything */
#include "steps.h"
#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2                           /* how often the group is used */
#endif
#define THREADS WAITERS
#define BIT(t) (1 << (t))

byte count = WORKERS, epoch;               /* one word */
byte interest;
bool poked[THREADS], waiting[THREADS], gone[THREADS];
byte debts, rounds = 1, deadWorkers;
byte endless;                              /* ghost: done is never said for these */
byte sinceOf[THREADS];
byte zeros;                                /* ghost: how often the count was 0 */

/* Goroutines of one thread, each of which says done once. */
proctype Worker() {
  byte me = 7, m, u; bool won, got, ended, owes = true; byte c, e;
again:
  do
  :: STEP(c = count; e = epoch);
     assert(c > 0);
     ended = (c == 1);
     STEP(d_step { won = (count == c && epoch == e); if :: won -> count--; owes = false; if :: ended -> epoch++; zeros++ :: else fi :: else fi });
     if :: won -> break :: else fi
  od;
  c = 0; e = 0; won = false;
  if
  :: ended ->
     do
     :: STEP(m = interest);
        if :: m == 0 -> break :: m & 1 -> u = 0 :: m & 2 -> u = 1 :: m & 4 -> u = 2 fi;
        STEP(got = (interest & BIT(u)) != 0; interest = interest & ~BIT(u));
        if
        :: got -> STEP(poked[u] = true);
#if BROKEN == 3
           break
#else
           skip
#endif
        :: else
        fi
     od; m = 0; u = 0; got = false;
     if
     :: rounds < ROUNDS ->                 /* the group is used again: by this one, or at last by one that goes on for ever */
        rounds++;
        STEP(count = count + 1; if :: rounds < ROUNDS -> owes = true :: else -> endless++ fi);
        ended = false;
        if :: owes -> goto again :: else fi
     :: else
     fi
  :: else
  fi;
  goto out;
dead:                                      /* told once: if it had not said done, its starter does */
  atomic { deadWorkers++; if :: owes -> debts++ :: else fi };
out:
  atomic { m = 0; u = 0; c = 0; e = 0; won = false; got = false; ended = false; owes = false }
}

proctype Waiter(byte me) {
  byte since, begun; bool ready;
  STEP(since = epoch; ready = (count == 0); begun = zeros; waiting[me] = !ready; sinceOf[me] = epoch);
  if :: ready -> goto out :: else fi;
arm:
  STEP(interest = interest | BIT(me));
#if BROKEN != 2
#if BROKEN == 1
  STEP(ready = (count == 0));
#else
  STEP(ready = (epoch != since));
#endif
  if :: ready -> goto passed :: else fi;
#endif
end_asleep:
  if
  :: poked[me] -> STEP(poked[me] = false);
#if BROKEN == 1
     STEP(ready = (count == 0));
#else
     STEP(ready = (epoch != since));
#endif
     if :: ready -> goto passed :: else -> goto arm fi
  :: DIE_HERE
  fi;
passed:
  assert(zeros > begun);
  waiting[me] = false;
  goto out;
dead:
  gone[me] = true;
out:
  atomic { since = 0; begun = 0; ready = false }
}

proctype Reaper() {
  byte u;
end_reap:
  do
  :: atomic { deadWorkers > 0 -> deadWorkers--; u = 0 };
#if BROKEN != 4
     do :: u < THREADS -> poked[u] = true; u++ :: else -> break od; u = 0;
#endif
     do :: debts > 0 -> atomic { debts--; run Worker() } :: else -> break od
  od
}

proctype Monitor() {
  byte t;
  timeout -> d_step { for (t : 0 .. THREADS - 1) { assert(gone[t] || !waiting[t] || sinceOf[t] == epoch && count > 0) } assert(count == endless) }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    for (i : 1 .. WORKERS) { run Worker() }
    for (i : 0 .. WAITERS - 1) { run Waiter(i) }
    run Reaper(); run Monitor()
  }
}
