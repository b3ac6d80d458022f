/* Who still needs a shared object: assembly/reference.ts, and the part of threadReap that lets go in a dead thread's
   name. `holders` has a bit per thread, `refs` counts these bits and the references on their way inside values.
   Each thread that holds the object may send it to another one, which receives it once or several times, and any
   thread may let go; threads die anywhere. Some values are dropped unread (referenceDrop).

   C1  the object is freed once, by whoever takes refs to 0, and by then no thread holds it and no value carries it
   C2  a thread touches the object only while it holds it, or takes it out of a value
   C3  when all have let go, it is freed, unless a death leaked: each leaks at most one reference

   BROKEN=1  releasing counts down first and clears the bit then
   BROKEN=2  gaining sets the bit first and counts up then (a send that publishes before it counts)
   BROKEN=3  arriving at a thread that holds the object already keeps the count
   BROKEN=4  the reaper counts down without looking whether the dead thread's bit was set */
#include "steps.h"
#ifndef THREADS
#define THREADS 3
#endif
#ifndef SENDS
#define SENDS 2
#endif

byte refs = 1, holders = 1;                /* thread 0 has made it */
byte travelling;                           /* values in channels that carry a reference */
/* ghost */
bool freed;
byte sends, leaks, unreaped;
byte living = THREADS;

inline free() { d_step { assert(!freed && holders == 0); freed = true } }

#define HOLDS (holders & (1 << me))
#define HOLDING_ASSERT assert(!freed)

proctype Thread(byte me) {
  byte seen; bool last;
end_idle:
  do
  :: atomic { HOLDS && sends < SENDS -> sends++ };
#if BROKEN == 2
     STEP(HOLDING_ASSERT; travelling++);
     STEP(HOLDING_ASSERT; refs++);
#else
     STEP(HOLDING_ASSERT; refs++);         /* referenceSend */
     STEP(travelling++);                    /* the value is in the channel */
#endif
  :: atomic { travelling > 0 -> travelling-- };
     if
     :: true ->                            /* referenceArrive */
        STEP(HOLDING_ASSERT; seen = HOLDS);
        if
        :: seen ->
#if BROKEN != 3
           STEP(HOLDING_ASSERT; refs--; assert(refs > 0))
#endif
        :: else -> STEP(HOLDING_ASSERT; holders = holders | (1 << me))
        fi
     :: true ->                            /* referenceDrop: never looked at */
        STEP(HOLDING_ASSERT; refs--; last = (refs == 0));
        if :: last -> free() :: else fi
     fi; seen = 0; last = false
  :: HOLDS ->                              /* referenceRelease */
#if BROKEN == 1
     STEP(HOLDING_ASSERT; refs--; last = (refs == 0));
     if :: last -> freed = true :: else fi;
     STEP(HOLDING_ASSERT; holders = holders & ~(1 << me));
#else
     STEP(HOLDING_ASSERT; holders = holders & ~(1 << me));
     STEP(refs--; last = (refs == 0));
     if :: last -> free() :: else fi;
#endif
     last = false
  :: atomic { deathsLeft > 0 -> deathsLeft--; goto idleDeath }
  od;
dead: atomic { leaks++ };                  /* in the middle of something: that one reference may be lost */
idleDeath: atomic { unreaped = unreaped | (1 << me); living--; seen = 0; last = false }
}

proctype Reaper() {
  byte who; bool last, had;
end_reap:
  do
  :: atomic { unreaped != 0 -> if :: unreaped & 1 -> who = 0 :: unreaped & 2 -> who = 1 :: unreaped & 4 -> who = 2 fi;
              unreaped = unreaped & ~(1 << who) };
     atomic { had = (holders & (1 << who)) != 0; holders = holders & ~(1 << who) };
#if BROKEN == 4
     had = true;
#endif
     if
     :: had -> atomic { assert(!freed); refs--; last = (refs == 0) }; if :: last -> free() :: else fi
     :: else
     fi;
     atomic { who = 0; had = false; last = false }
  od
}

#define COUNTED ((holders & 1) + ((holders >> 1) & 1) + ((holders >> 2) & 1) + travelling)

proctype Monitor() {
  timeout -> d_step {
    assert(freed || living == 0 || COUNTED > 0 || leaks > 0);
    assert(freed || (refs >= COUNTED && refs <= COUNTED + leaks))
  }
}

init {
  byte i;
  atomic { CHOOSE_DEATHS; for (i : 0 .. THREADS - 1) { run Thread(i) } run Reaper(); run Monitor() }
}
