/* A thread's mailbox and bell: poke, setSummary, mailboxDrain, bellArm, bellLower and pokeRescan of assembly/parking.ts,
   and the event loop that sleeps on the bell (src/doorbell.ts, Atomics.waitAsync). Pokers poke two objects, whose bits
   share a leaf or not (-DAPART); they die anywhere, and each death is followed by a RESCAN.

   Something else in the thread may rouse the loop while it sleeps (`rouse`, -DROUSES), and the thread may block meanwhile, with the
   event loop asleep or awake (`standStill`, Atomics.wait on the same bell, -DSTANDS). The waitAsync of a sleep that was ended so is
   kept for the next; it calls `#wake` once, at whatever moment the loop has reached by then.

   M1  when nothing moves any more, every object that was poked has been looked at since that poke began, be the poker dead or not
   M2  the owner looks finitely often for finitely many pokes (lock-free: no endless run)

   BROKEN=1  no look at the summary after the bell is raised
   BROKEN=2  RESCAN notifies only if the bell is up
   BROKEN=3  the leaves are taken before the summary
   BROKEN=4  a poker notifies before it lowers the bell, and only if it was up
   BROKEN=5  the summary is set before the leaf
   BROKEN=6  a waitAsync that calls while the loop is awake still counts as waiting
   BROKEN=7  whoever lowers the bell notifies one waiter, not all */
#include "steps.h"
#ifndef POKERS
#define POKERS 2
#endif
#ifndef POKES
#define POKES 2                            /* by each poker */
#endif
#ifndef ROUSES
#define ROUSES 0
#endif
#ifndef STANDS
#define STANDS 0
#endif
#define OBJECTS 2
#ifdef APART
#define LEAF(object) (object)
#define BIT_OF(object) 1
#else
#define LEAF(object) 0
#define BIT_OF(object) (1 << (object))
#endif
#define SUMMARY_BIT(object) (1 << LEAF(object))
#define RESCAN_BIT 128

byte leaf[OBJECTS], summary;
bool bell;
bool waiting, called;                      /* a waitAsync waits on the bell; it has been notified and is about to call #wake */
bool standing;                             /* an Atomics.wait waits on the bell */
/* ghost */
bool wanted[OBJECTS];                      /* a poke of it has begun since the owner last looked at it */
byte deaths;
byte rouses, stands;                       /* how many are still to come: any number up to the bounds, so that none hides what is lost without it */

inline notify() {
  if
  :: waiting -> waiting = false; called = true
  :: else
  fi;
#if BROKEN == 7
  if :: standing && !called -> standing = false :: else fi
#else
  standing = false
#endif
}

inline setSummary(object) {
  STEP(up = (summary & SUMMARY_BIT(object)) == 0);
  if :: up -> STEP(summary = summary | SUMMARY_BIT(object)) :: else fi
}

proctype Poker() {
  byte n, object; bool up;
  do
  :: n == POKES -> break
  :: else ->
     n++;
     if :: object = 0 :: object = 1 fi;
#if BROKEN == 5
     STEP(wanted[object] = true);
     setSummary(object);
     STEP(leaf[LEAF(object)] = leaf[LEAF(object)] | BIT_OF(object));
#else
     STEP(wanted[object] = true; leaf[LEAF(object)] = leaf[LEAF(object)] | BIT_OF(object));
     setSummary(object);
#endif
     STEP(up = bell);
     if
     :: up ->
#if BROKEN == 4
        STEP(notify());
        STEP(bell = false)
#else
        STEP(up = bell; bell = false);     /* a swap: one poker lowers it, and that one notifies */
        if :: up -> STEP(notify()) :: else fi
#endif
     :: else
     fi
  od;
  goto out;
dead: deaths++;
out: atomic { n = 0; object = 0; up = false }
}

proctype Owner() {
  byte taken, bits, i, object;
  bool waits;
awake:
  if
  :: called ->                             /* #wake, while the loop is awake */
     called = false;
#if BROKEN != 6
     waits = false
#endif
  :: true                                  /* or later */
  fi;
  if :: stands > 0 -> stands--; goto stand :: true fi;
  if :: summary != 0 -> goto drain :: else fi;
  bell = true;                             /* bellArm */
#if BROKEN != 1
  if :: summary != 0 -> bell = false; goto drain :: else fi;
#endif
  if
  :: waits
  :: else ->
     atomic { if :: bell -> waiting = true; waits = true :: else -> goto drain fi }  /* Atomics.waitAsync(bell, 1) */
  fi;
end_asleep:
  if
  :: called -> called = false; waits = false; bell = false; goto drain               /* #wake */
  :: rouses > 0 -> rouses--; bell = false; goto awake
  :: stands > 0 -> stands--; goto stand
  fi;
stand:
  bell = true;                             /* bellArm */
  if :: summary != 0 -> bell = false; goto drain :: else fi;
  standing = bell;                         /* Atomics.wait(bell, 1): one step */
end_stand:
  !standing;
  bell = false;                            /* bellLower, and rouse */
drain:
#if BROKEN == 3
  atomic { bits = leaf[0]; leaf[0] = 0 };
  atomic { taken = summary; summary = 0 };
  if :: bits & 1 -> wanted[0] = false :: else fi;
  if :: bits & 2 -> wanted[1] = false :: else fi;
#else
  atomic { taken = summary; summary = 0 };
  i = 0;
  do
  :: i == OBJECTS -> break
  :: i < OBJECTS && (taken & (1 << i)) ->
     atomic { bits = leaf[i]; leaf[i] = 0 };
#ifdef APART
     if :: bits -> wanted[i] = false :: else fi;
#else
     if :: bits & 1 -> wanted[0] = false :: else fi;
     if :: bits & 2 -> wanted[1] = false :: else fi;
#endif
     i++
  :: else -> i++
  od;
#endif
  if :: taken & RESCAN_BIT -> wanted[0] = false; wanted[1] = false :: else fi;
  taken = 0; bits = 0; i = 0;
  goto awake
}

/* The last step of threadReap: pokeRescan. */
proctype Reaper() {
end_reap:
  do
  :: deaths > 0 ->
     deaths--;
     atomic { summary = summary | RESCAN_BIT };
#if BROKEN == 2
     atomic { if :: bell -> bell = false; notify() :: else fi }
#else
     bell = false;
     atomic { notify() }
#endif
  od
}

proctype Monitor() {
  timeout -> assert(!wanted[0] && !wanted[1])
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    select(rouses : 0 .. ROUSES);
    select(stands : 0 .. STANDS);
    for (i : 1 .. POKERS) { run Poker() }
    run Owner(); run Reaper(); run Monitor()
  }
}
