/* A goroutine's way to another thread and back: assembly/task.ts over the injector (a ring) and, back, the caller's
   stack of ended tasks.

   The state word is the truth, and an entry of the injector is a hint. A task is claimed by a swap of its state from
   QUEUED to the taker's life, while its entry is still there; only then is the entry taken away, by the taker or by
   whoever finds a claimed task at the head. So at any moment a started goroutine is one of: QUEUED with an entry that
   somebody will come to, claimed by a life that is over or goes on, or on the caller's stack.
   An entry may outlive its task, and name the block's next task: then that one is claimed a little early, and its own
   entry is the one that finds nothing to do. For this blocks are never used for anything else (TASKS), and a free
   block never says QUEUED: its state is not among the words that link free blocks.

   The taker writes how it ended into `outcome`, not over its life, and pushes; so a task in a dead life's name is lost,
   unless it is on the stack. The caller, told to look at everything, first sees who is dead, then takes its stack, and
   declares lost what is left of the dead.

   T1  no goroutine is started twice
   T2  the caller, while it lives, is told of every goroutine exactly once: that it ended (it ran), or that it is lost
   T3  a block is freed once, and not while anything but stale entries names it

   BROKEN=1  the entry is taken away first and the state written after it
   BROKEN=2  the outcome overwrites the life before the push
   BROKEN=3  the caller takes its stack first and looks who is dead afterwards
   BROKEN=4  a free block says QUEUED
   BROKEN=5  the task is claimed by a store instead of a swap */
#include "steps.h"
#ifndef TAKERS
#define TAKERS 2
#endif
#ifndef GOROUTINES
#define GOROUTINES 3
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif

#define NONE 15
#define QUEUED 0
#define ENDED 1        /* only as an outcome, or with BROKEN=2 */
#define FREE 2         /* what the state says of a block that is free: anything but QUEUED */
#define LIFE(t) (3 + (t))
#define IS_LIFE(s) ((s) >= 3)

byte state[BLOCKS] = FREE, outcome[BLOCKS], next[BLOCKS], goroutine[BLOCKS];
byte injector[GOROUTINES + TAKERS], head, tail;
byte completed = NONE;                     /* the caller's stack */
bool taskEnded, rescan;                    /* the caller's mailbox */
byte alive = (1 << TAKERS) - 1;
/* ghost */
bool isFree[BLOCKS] = true;
byte started[GOROUTINES], told[GOROUTINES];
byte unreaped;                             /* bit t: taker t is dead */

proctype Taker(byte me) {
  byte at, task; bool won, helped;
take:
  STEP(at = head; task = NONE; if :: at < tail -> task = injector[at] :: else fi);
  if
  :: task == NONE ->
end_rest:
     if :: atomic { head < tail -> at = 0 }; goto take :: DIE_HERE fi
  :: else
  fi;
#if BROKEN == 1
  STEP(CAS(won, head, at, at + 1));
  if :: !won -> goto take :: else fi;
  STEP(state[task] = LIFE(me));
#elif BROKEN == 5
  STEP(won = (state[task] == QUEUED));
  if :: won -> STEP(state[task] = LIFE(me)) :: else fi;
  STEP(CAS(helped, head, at, at + 1));
  if :: !won -> goto take :: else fi;
#else
  STEP(CAS(won, state[task], QUEUED, LIFE(me)));
  STEP(CAS(helped, head, at, at + 1));
  if :: !won -> goto take :: else fi;
#endif
  d_step { assert(!isFree[task]); started[goroutine[task]]++; assert(started[goroutine[task]] == 1) };
  /* it runs */
  STEP(outcome[task] = ENDED);
#if BROKEN == 2
  STEP(state[task] = ENDED);
#endif
push:
  STEP(at = completed);
  STEP(next[task] = at);
  STEP(CAS(won, completed, at, task));
  if :: !won -> goto push :: else fi;
  STEP(taskEnded = true);
  goto take;
dead:
  atomic { unreaped = unreaped | (1 << me); at = 0; task = 0; won = 0; helped = 0 }
}

/* threadReap, as far as it concerns tasks. */
proctype Reaper() {
  byte who;
end_reap:
  do
  :: atomic { unreaped != 0 ->
       if :: unreaped & 1 -> who = 0 :: unreaped & 2 -> who = 1 :: unreaped & 4 -> who = 2 fi;
       unreaped = unreaped & ~(1 << who);
       alive = alive & ~(1 << who); who = 0 };
     rescan = true
  od
}

inline collect() {                          /* tasksCollect, and the outcomes */
  atomic { task = completed; completed = NONE };
  do
  :: task == NONE -> break
  :: else ->
     d_step {
       after = next[task];
       assert(!isFree[task]);
       assert(outcome[task] == ENDED);
       assert(started[goroutine[task]] == 1);
       told[goroutine[task]]++; assert(told[goroutine[task]] == 1);
       pending[task] = false; lost[task] = false
     };
     release(task);
     task = after
  od; task = 0; after = 0
}
inline release(block) {
  atomic {
    assert(!isFree[block]); isFree[block] = true;
#if BROKEN == 4
    state[block] = QUEUED
#else
#if BROKEN != 2
    assert(state[block] != QUEUED)
#endif
    skip
#endif
  }
}
inline seeWhoIsDead() {
  for (block : 0 .. BLOCKS - 1) {
    atomic { if :: pending[block] && IS_LIFE(state[block]) && !(alive & (1 << (state[block] - 3))) -> lost[block] = true :: else fi }
  } block = 0
}

proctype Caller() {
  byte g, task, after, block;
  bool pending[BLOCKS], lost[BLOCKS];
end_idle:
  do
  :: atomic { g < GOROUTINES && (isFree[0] || (BLOCKS > 1 && isFree[BLOCKS - 1])) ->
       if :: isFree[0] -> block = 0 :: BLOCKS > 1 && isFree[BLOCKS - 1] -> block = BLOCKS - 1 fi; isFree[block] = false; goroutine[block] = g; outcome[block] = 0; pending[block] = true };
     state[block] = QUEUED;                 /* taskCreate: the last word written */
     atomic { injector[tail] = block; tail++ };                                   /* taskPost */
     g++; block = 0
  :: atomic { taskEnded -> taskEnded = false }; collect()
  :: atomic { rescan -> rescan = false };
#if BROKEN == 3
     collect();
     seeWhoIsDead();
#else
     seeWhoIsDead();
     collect();
#endif
     for (block : 0 .. BLOCKS - 1) {
       if
       :: lost[block] ->
          d_step { told[goroutine[block]]++; assert(told[goroutine[block]] == 1); pending[block] = false; lost[block] = false };
          release(block)
       :: else
       fi
     } block = 0
  od
}

proctype Monitor() {
  byte g;
  timeout -> d_step { for (g : 0 .. GOROUTINES - 1) {
    /* with no taker left those that were not taken wait for the next thread */
    assert(told[g] == 1 || (alive == 0 && started[g] == 0)) } }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    for (i : 0 .. TAKERS - 1) { run Taker(i) }
    run Caller(); run Reaper(); run Monitor()
  }
}
