/* Free blocks of one size class: assembly/heap.ts. A thread's magazine, which it alone touches, trades whole chains of
   blocks with the depot, a Treiber stack whose word carries a tag. A dead thread's magazine is given back by its reaper.
   A block in use is overwritten by its user, the links in it too; the depot may read them all the same.

   H1  a block is used by at most one thread, and while it is used it is in no magazine and not in the depot
   H2  a block is used, in the magazine of a live thread, or in the depot, but for those that a death leaves behind: the chain
       or the block in its hand
   H3  lock-free: whoever has to try the depot again does so because another has succeeded

   -DLARGE: blocks above 32 KiB, which go to the depot one by one.

   BROKEN=1  the depot's word has no tag
   BROKEN=2  a chain is published before it is cut out of the magazine
   BROKEN=3  a dead thread's magazine is not given back
   BROKEN=4  a chain is published before its link to the next chain is written
   BROKEN=5  a magazine is given back before its thread is dead */
#include "steps.h"
#ifndef THREADS
#define THREADS 2
#endif
#ifndef BLOCKS
#define BLOCKS 3
#endif
#ifndef CHAIN
#define CHAIN 1
#endif
#ifndef HELD
#define HELD 2                             /* blocks that a thread uses at a time */
#endif
#ifndef ROUNDS
#define ROUNDS 4
#endif

#define NIL 0                              /* blocks are 1 to BLOCKS */
#define USED 99                            /* what a user writes over the links */
byte depot, tag;                           /* one word */
byte next[BLOCKS + 1], nextChain[BLOCKS + 1], chainCount[BLOCKS + 1];
byte magazine[THREADS], count[THREADS];
/* ghost */
byte user[BLOCKS + 1];                     /* 1 + the thread that uses it, 0 = none */
bool dead_[THREADS];
byte unreaped;

inline depotPush(first, n) {
  STEP(chainCount[first] = n);
  do
  ::
#if BROKEN != 4
     STEP(seen = depot; seenTag = tag);
     STEP(nextChain[first] = seen);
     STEP(d_step { won = (depot == seen && (tag == seenTag || BROKEN == 1));
                   if :: won -> depot = first; tag++ :: else fi });
     if :: won -> break :: else fi
#else
     STEP(seen = depot; seenTag = tag);
     STEP(d_step { won = (depot == seen && tag == seenTag); if :: won -> depot = first; tag++ :: else fi });
     if :: won -> STEP(nextChain[first] = seen); break :: else fi
#endif
  od; seen = 0; seenTag = 0; won = false
}

inline depotPop(first) {                   /* leaves NIL when there is none */
  do
  :: STEP(seen = depot; seenTag = tag);
     if :: seen == NIL -> first = NIL; break :: else fi;
     STEP(link = nextChain[seen]);         /* somebody else's by now, perhaps */
     STEP(d_step { won = (depot == seen && (tag == seenTag || BROKEN == 1));
                   if :: won -> depot = link; tag++; assert(link <= BLOCKS) :: else fi });
     if :: won -> first = seen; break :: else fi
  od; seen = 0; seenTag = 0; link = 0; won = false
}

inline use(block) {
  d_step { assert(user[block] == 0); user[block] = me + 1; next[block] = USED; nextChain[block] = USED }
}

inline allocate() {                        /* takeFree */
#ifdef LARGE
  depotPop(block);
#else
  block = magazine[me];
  if
  :: block == NIL ->
     depotPop(block);
     if :: block != NIL -> STEP(count[me] = chainCount[block]) :: else fi
  :: else
  fi;
  if
  :: block != NIL -> STEP(magazine[me] = next[block]); STEP(count[me] = count[me] - 1)
  :: else
  fi;
#endif
  if :: block != NIL -> use(block); mine[held] = block; held++ :: else fi;
  block = 0
}

inline free() {                            /* heapFree, giveChain */
  held--; block = mine[held]; mine[held] = 0;
  d_step { assert(user[block] == me + 1); user[block] = 0 };
#ifdef LARGE
  depotPush(block, 1);
#else
  STEP(next[block] = magazine[me]);
  STEP(magazine[me] = block);
  STEP(count[me] = count[me] + 1);
  if
  :: count[me] >= 2 * CHAIN ->
     last = block;
     do :: i < CHAIN - 1 -> last = next[last]; i++ :: else -> break od; i = 0;
#if BROKEN == 2
     depotPush(block, CHAIN);
     STEP(magazine[me] = next[last]);
     STEP(count[me] = count[me] - CHAIN);
#else
     STEP(magazine[me] = next[last]);
     STEP(count[me] = count[me] - CHAIN);
     STEP(next[last] = NIL);
     depotPush(block, CHAIN);
#endif
     last = 0
  :: else
  fi;
#endif
  block = 0
}

proctype Thread(byte me) {
  byte mine[BLOCKS], held, block, last, i, seen, seenTag, link, round; bool won;
  do
  :: round < ROUNDS && held < HELD -> round++; allocate()
  :: held > 0 -> free()
  :: round == ROUNDS && held == 0 -> break
  od;
  goto out;
dead:
  atomic { dead_[me] = true; unreaped = unreaped | (1 << me) };
#if BROKEN == 5
  goto out;
#endif
out:
  atomic { block = 0; last = 0; i = 0; seen = 0; seenTag = 0; link = 0; round = 0; won = false; held = 0 }
}

/* reclaimMagazines, which counts the blocks itself: the dead thread's own count may be behind. */
proctype Reaper() {
  byte me = 255, who, first, n, block, seen, seenTag; bool won;
end_reap:
  do
#if BROKEN == 5
  :: atomic { who == 0 -> who = 1; first = magazine[0] };
     block = first;
#else
  :: atomic { unreaped != 0 -> if :: unreaped & 1 -> who = 0 :: unreaped & 2 -> who = 1 :: unreaped & 4 -> who = 2 fi;
              unreaped = unreaped & ~(1 << who) };
#if BROKEN == 3
     goto out;
#endif
     first = magazine[who];
     magazine[who] = NIL;
     block = first;
#endif
     do
     :: block == NIL -> break
     :: block != NIL -> assert(n < BLOCKS); n++; block = next[block]
     od;
     if
     :: n > 0 ->
        chainCount[first] = n;
        do
        :: seen = depot; seenTag = tag; nextChain[first] = seen;
           d_step { won = (depot == seen && (tag == seenTag || BROKEN == 1)); if :: won -> depot = first; tag++ :: else fi };
           if :: won -> break :: else fi
        od
     :: else
     fi;
     atomic { first = 0; n = 0; block = 0; seen = 0; seenTag = 0; won = false; who = 0 }
  od;
out: skip
}

proctype Monitor() {
  byte t, block, chain, missing, deaths;
  byte places[BLOCKS + 1];
  timeout -> d_step {
    for (block : 1 .. BLOCKS) { if :: user[block] != 0 -> places[block]++ :: else fi }
    for (t : 0 .. THREADS - 1) {
      if :: dead_[t] -> deaths++ :: else fi;
      block = NIL;
      if :: !dead_[t] -> block = magazine[t] :: else fi;      /* a reaped one's is empty */
      do :: block != NIL -> places[block]++; assert(places[block] == 1); block = next[block] :: else -> break od
    }
    chain = depot;
    do
    :: chain != NIL ->
       block = chain;
#ifdef LARGE
       places[block]++; assert(places[block] == 1);
#else
       do :: block != NIL -> places[block]++; assert(places[block] == 1); block = next[block] :: else -> break od;
#endif
       chain = nextChain[chain]
    :: else -> break
    od;
    for (block : 1 .. BLOCKS) { if :: places[block] == 0 -> missing++ :: else fi }
    assert(missing <= deaths * CHAIN)
  }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    for (i : 1 .. BLOCKS) { chainCount[i] = 1; nextChain[i] = i - 1; depot = i }
    for (i : 0 .. THREADS - 1) { run Thread(i) }
    run Reaper(); run Monitor()
  }
}
