/* A thread's deque of goroutines that nobody has started yet, after Chase and Lev, "Dynamic circular work-stealing
   deque" (2005), with the claim of task.pml: an entry is a hint, the task's state is the truth, and a task is claimed
   while its entry is still there. The owner pushes and takes at the bottom, thieves steal at the top. A dead owner's
   deque is drained into the injector by its reaper, while thieves go on.

   Positions wrap (bytes here, starting just below 256); the array grows from 2 slots to 4, and the old one is kept
   as long as a thief may read it.

   D1  a task is started by at most one thread
   D2  a task whose push was published is claimed, or has an entry in the deque or the injector: nobody's death
       makes it disappear
   D3  -DPLAIN leaves the claim out: then the indices alone give D1, and a death loses the one task in its hand

   BROKEN=1  take does not look at the top again after lowering the bottom (PLAIN)
   BROKEN=2  the last entry is taken without a swap of the top (PLAIN)
   BROKEN=3  a thief takes the entry away first and claims the task after it
   BROKEN=4  push does not grow the array when it is full
   BROKEN=5  take leaves the bottom below the top when a thief has had the last entry
   BROKEN=6  what is beyond the entries is whatever memory held before: a thief that is too late claims it */
#include "steps.h"
#ifndef THIEVES
#define THIEVES 2
#endif
#ifndef TASKS
#define TASKS 3
#endif
#ifndef START
#define START 254
#endif

typedef Array { byte slot[4] = 15 };       /* 15: zeroed memory, no task */
Array array[2];
byte top = START, bottom = START;
byte current;                              /* which array: 0 has 2 slots, 1 has 4. One word in the kernel: {array, log2 size} */
#define SIZE(a) (2 << (a))
#define AT(a, position) array[a].slot[(position) & (SIZE(a) - 1)]

#define FREE 0
#define QUEUED 9
byte claimed[TASKS];                       /* the state word: FREE, QUEUED, or who has claimed it */
bool published[TASKS], posted[TASKS];      /* ghost: its push is over; it has an entry in the injector */
byte startedBy[TASKS];                     /* ghost */
bool ownerDied, ownerDone;
byte lost;                                 /* ghost, PLAIN: removed by a thread that died with it in its hand */

inline start(task, who) {
  d_step { assert(task < TASKS && claimed[task] != FREE); assert(startedBy[task] == 0); startedBy[task] = who }
}

proctype Owner() {
  byte b = START, t, span, task, i, into; bool won;
  byte next = 0;
  do
  :: next < TASKS ->                       /* push */
     STEP(t = top; span = b - t);
#if BROKEN != 4
     if
     :: span < 128 && span >= SIZE(current) ->        /* full: grow; only the owner reads and writes here */
        assert(current == 0);
        i = t;
        do :: i != b -> AT(1, i) = AT(0, i); i++ :: else -> break od; i = 0;
        STEP(current = 1)
     :: else
     fi;
#endif
     STEP(claimed[next] = QUEUED);         /* taskCreate; from here on an entry that is out of date may give it away */
     STEP(AT(current, b) = next);
     STEP(bottom = b + 1; published[next] = true);
     b++; next++
  :: true ->                               /* take */
#ifdef PLAIN
     b--;
#if BROKEN == 1
     STEP(t = top);
     STEP(bottom = b);
#else
     STEP(bottom = b);
     STEP(t = top);
#endif
     span = b - t;
     if
     :: span == 0 ->                       /* the last one: the top decides between thieves and the owner */
        task = AT(current, b);
#if BROKEN == 2
        won = true;
#else
        STEP(CAS(won, top, t, t + 1));
#endif
        b++;
        STEP(bottom = b);
        if :: won -> start(task, 1) :: else fi
     :: span > 127 ->                      /* nothing */
        b++;
        STEP(bottom = b); won = false
     :: else -> task = AT(current, b); start(task, 1); won = true
     fi;
#else
     STEP(t = top; span = b - t);
     if
     :: span == 0 || span > 127 ->
progress_nothing: won = false
     :: else ->
        b--;
        task = AT(current, b);
        STEP(CAS(won, claimed[task], QUEUED, 1));
        if :: won -> start(task, 1) :: else fi;
        STEP(bottom = b);                  /* and the entry is taken away, as Chase and Lev do */
        STEP(t = top; span = b - t);
        if
        :: span == 0 -> STEP(if :: top == t -> top = t + 1 :: else fi); b++; STEP(bottom = b)
#if BROKEN != 5
        :: span > 127 -> b++; STEP(bottom = b)
#endif
        :: else
        fi;
     fi;
#endif
     if :: !won && next == TASKS -> if :: b == top -> break :: else fi :: else fi;
     task = 0; won = false; t = 0; span = 0
  od;
  atomic { ownerDone = true; t = 0; span = 0; task = 0; won = false; next = 0; b = 0; goto out };
dead: atomic { ownerDied = true; t = 0; span = 0; task = 0; won = false; next = 0; b = 0; i = 0; into = 0 };
out: skip
}

proctype Thief(byte me) {
  byte t, b, a, task; bool won, moved;
end_rest:
  do
  :: atomic { top != bottom -> skip };
     STEP(t = top);
     STEP(b = bottom; b = b - t);
     if
     :: b == 0 || b > 127 ->
progress_nothing: skip
     :: else ->
        STEP(a = current);
        STEP(task = AT(a, t));
#ifdef PLAIN
        atomic { if :: deathsLeft > 0 -> deathsLeft--; goto dead :: true -> CAS(moved, top, t, t + 1) fi };
        if :: moved -> atomic { if :: deathsLeft > 0 -> deathsLeft--; lost++; goto dead :: true -> start(task, me + 2) fi } :: else fi
#elif BROKEN == 3
        STEP(CAS(moved, top, t, t + 1));
        if
        :: moved -> STEP(CAS(won, claimed[task], QUEUED, me + 2)); if :: won -> start(task, me + 2) :: else fi
        :: else
        fi
#else
#if BROKEN == 6
        assert(task < TASKS);
        STEP(CAS(won, claimed[task], QUEUED, me + 2));
#else
        won = false;                       /* what was read may be out of date; then it is no task, which cannot be claimed, or any task */
        if :: task < TASKS -> STEP(CAS(won, claimed[task], QUEUED, me + 2)) :: else fi;
#endif
        if :: won -> start(task, me + 2) :: else fi;
        STEP(CAS(moved, top, t, t + 1))
#endif
     fi;
     atomic { t = 0; b = 0; a = 0; task = 0; won = false; moved = false }
  :: DIE_HERE
  od;
dead: atomic { t = 0; b = 0; a = 0; task = 0; won = false; moved = false }
}

/* threadReap drains a dead owner's deque. It posts a task before it takes the entry away: a second entry is harmless. */
proctype Reaper() {
  byte t, b, a, task;
end_reap:
  ownerDied;
  do
  :: t = top; b = bottom; b = b - t;
     if :: b == 0 || b > 127 -> break :: else fi;
     a = current; task = AT(a, t);
     if :: claimed[task] == QUEUED -> posted[task] = true :: else fi;
     d_step { if :: top == t -> top = t + 1 :: else fi }
  od
}

proctype Monitor() {
  byte task, missing, entry, span; bool there;
  timeout -> d_step {
    for (task : 0 .. TASKS - 1) {
      there = !published[task] || startedBy[task] != 0 || claimed[task] != QUEUED || posted[task];
      entry = top; span = bottom - top;
      do
      :: span > 0 && span < 128 -> there = there || AT(current, entry) == task; entry++; span--
      :: else -> break
      od;
      if :: !there -> missing++ :: else fi
    };
#ifdef PLAIN
    assert(missing <= lost + ownerDied)
#else
    assert(missing == 0)
#endif
  }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    run Owner();
    for (i : 0 .. THIEVES - 1) { run Thief(i) }
#ifndef PLAIN
    run Reaper();
#endif
    run Monitor()
  }
}
