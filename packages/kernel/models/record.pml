/* Numbers that are read and replaced as one: assembly/record.ts. The word {stamp, block, hot} names a block, which nobody
   changes while it is named. A block that is replaced is freed, and may be used again at once, for this record or for anything. Of a block's
   numbers there are two here, and a gate; `hot` may change alone.

   Each thread does OPERATIONS, whichever: it reads, updates (also to no block at all, and `hot` with it), holds, lets. A
   dead one is reaped: recordLose.

   V1  what is read is one published version, whole; also the gate by which somebody lets
   V2  an update replaces the version that it was made from: none is lost, none applied twice
   V3  the block that the word names is not free, no block is freed twice, and a death leaves at most one behind
   V4  `hot` is of one live thread at a time; that of a dead one becomes LOST, once
   V5  lock-free

   -DSTAMPS=n: the stamp comes back after n swaps.

   BROKEN=1  no second look at the word after reading
   BROKEN=2  the stamp stands still
   BROKEN=3  the old block is freed before the word is swapped
   BROKEN=4  the gate is read after the swap
   BROKEN=5  a dead thread's `hot` stays
   BROKEN=6  the block is published before its numbers are written
   BROKEN=7  a block that is not published is not freed
   BROKEN=8  `hot` is let without a swap */
#include "steps.h"
#ifndef THREADS
#define THREADS 2
#endif
#ifndef OPERATIONS
#define OPERATIONS 2                       /* of each thread */
#endif
#ifndef BLOCKS
#define BLOCKS 3
#endif
#ifndef STAMPS
#define STAMPS 200
#endif

#define NONE 0                             /* blocks are 1 to BLOCKS */
#define GARBAGE 99
#define LOST 127
byte stamp, block, hot;                    /* one word */
byte first[BLOCKS + 1], second[BLOCKS + 1], gate[BLOCKS + 1];
/* ghost */
bool isFree[BLOCKS + 2];
byte version;                              /* how many swaps of blocks there have been: what a block's numbers say */
bool holds[THREADS], dead_[THREADS];
byte unreaped;

#define GATE(version) (1 + ((version) & 1))

/* The heap's, as one step. Blocks are alike, so it does not matter which is taken, but that one that was freed is soon. */
inline allocate() {
  STEP(d_step { b = 1; do :: b <= BLOCKS && !isFree[b] -> b++ :: else -> break od;
                if :: b > BLOCKS -> b = NONE :: else -> isFree[b] = false fi })
}

inline free(which) {
  STEP(assert(!isFree[which] && block != which); isFree[which] = true; first[which] = GARBAGE; gate[which] = GARBAGE)
}

inline read() {
  do
  :: STEP(s = stamp; o = block; h = hot; v = version);
     if
     :: o != NONE ->
        STEP(x = first[o]);
        STEP(y = second[o]);
#if BROKEN == 1
        assert(x == y && x == v); break
#else
        STEP(won = (stamp == s && block == o && hot == h);
             if :: won -> assert(x == y && x == version && x == v) :: else fi);
        if :: won -> break :: else fi
#endif
     :: else -> break                      /* there is nothing to read */
     fi
  od; x = 0; y = 0; won = false
}

/* n is what becomes of `hot`. */
inline write() {
  b = NONE;
  if
  :: allocate();
     if :: b == NONE -> goto done :: else fi;          /* OUT_OF_MEMORY: the record is as it was */
#if BROKEN != 6
     STEP(first[b] = v + 1; gate[b] = GATE(v + 1));
     STEP(second[b] = v + 1)
#endif
  :: true                                              /* no numbers */
  fi;
#if BROKEN == 3
  if :: o != NONE -> free(o) :: else fi;
#endif
  STEP(d_step {
    won = (stamp == s && block == o && hot == h);
    if
    :: won ->
       assert(version == v);
       version++; block = b; hot = n; stamp = (BROKEN == 2 -> s : (s + 1) % STAMPS);
       if
       :: n == me + 1 && h != n -> take()
       :: h == me + 1 && n != h -> holds[me] = false
       :: else
       fi
    :: else
    fi });
  if
  :: won ->
progress_write:
#if BROKEN == 6
     if :: b != NONE -> STEP(first[b] = v + 1; gate[b] = GATE(v + 1)); STEP(second[b] = v + 1) :: else fi;
#endif
#if BROKEN != 3
     if :: o != NONE -> free(o) :: else fi
#endif
  :: else ->
#if BROKEN != 7
     if :: b != NONE -> free(b) :: else fi
#endif
  fi
}

inline take() { assert(!holds[0] && !holds[1] && !holds[THREADS - 1]); holds[me] = true }

inline update() {
  do
  :: read();
     if
     :: n = h
     :: h == 0 || h == LOST -> n = me + 1
     :: h == me + 1 || h == LOST -> n = 0
     fi;
     write();
     if :: won -> break :: else fi
  od
}

inline hold() {
  do
  :: STEP(s = stamp; o = block; h = hot);
     if :: h != 0 -> break :: else fi;
     STEP(d_step { won = (stamp == s && block == o && hot == h); if :: won -> hot = me + 1; take() :: else fi });
     if :: won ->
progress_hold:
        break
     :: else fi
  od
}

inline let() {
  do
  :: STEP(s = stamp; o = block; h = hot);
     if :: h == 0 || h == LOST -> break :: else fi;
     if :: o != NONE && BROKEN != 4 -> STEP(x = gate[o]) :: else fi;
     STEP(d_step {
#if BROKEN == 8
       won = true;
#else
       won = (stamp == s && block == o && hot == h);
#endif
       if
       :: won ->
          assert(h == hot);
          hot = 0; v = version; holds[me] = false;
#if BROKEN != 4
          assert(o == NONE || x == GATE(version))
#endif
       :: else
       fi });
     if
     :: won ->
progress_let:
#if BROKEN == 4
        if :: o != NONE -> STEP(x = gate[o]); assert(x == GATE(v)) :: else fi;
#endif
        break
     :: else
     fi
  od; x = 0
}

proctype Thread(byte me) {
  byte operations, s, o, h, x, y, v, b, n; bool won;
  do
  :: operations == OPERATIONS -> break
  :: operations < OPERATIONS ->
     operations++;
     if
     :: read()
     :: update()
     :: hold()
     :: holds[me] -> let()
     fi;
done:
     atomic { s = 0; o = 0; h = 0; x = 0; y = 0; v = 0; b = 0; n = 0; won = false }
  od;
  goto out;
dead:
  atomic { dead_[me] = true; holds[me] = false; unreaped = unreaped | (1 << me) };
out:
  atomic { operations = 0; s = 0; o = 0; h = 0; x = 0; y = 0; v = 0; b = 0; n = 0; won = false }
}

/* recordLose */
proctype Reaper() {
  byte me = 255, who, s, o, h; bool won;
end_reap:
  do
  :: atomic { unreaped != 0 -> if :: unreaped & 1 -> who = 0 :: unreaped & 2 -> who = 1 :: unreaped & 4 -> who = 2 fi;
              unreaped = unreaped & ~(1 << who) };
#if BROKEN != 5
     do
     :: atomic { s = stamp; o = block; h = hot };
        if :: h != who + 1 -> break :: else fi;
        d_step { won = (stamp == s && block == o && hot == h); if :: won -> hot = LOST :: else fi };
        if :: won -> break :: else fi
     od;
#endif
     atomic { who = 0; s = 0; o = 0; h = 0; won = false }
  od
}

proctype Monitor() {
  byte i, missing, deaths;
  timeout -> d_step {
    for (i : 0 .. THREADS - 1) {
      if :: dead_[i] -> deaths++; assert(hot != i + 1) :: else assert(holds[i] == (hot == i + 1)) fi
    }
    for (i : 1 .. BLOCKS) { if :: !isFree[i] && block != i -> missing++ :: else fi }
    assert(missing <= deaths);
    assert(block == NONE || (first[block] == version && second[block] == version))
  }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    for (i : 1 .. BLOCKS) { isFree[i] = true }
    for (i : 0 .. THREADS - 1) { run Thread(i) }
    run Reaper(); run Monitor()
  }
}
