/* A board: the list of a thread's open operations on one channel, in one direction. assembly/board.ts: boardPush, boardRebuild,
   boardTrim, boardUnchanged, and the scans of rendezvous.ts (claimOn, isOpenOn).

   The head is one word {position, array}; the tail is the owner's. The owner posts operations, retracts them, and consumes what was taken;
   scanners look or claim, and trim dead entries off the front. A rebuild uses the array again that the rebuild
   before it had left: the harshest re-use that a heap could do. What is used again is read by late scanners, entry by entry.

   B1  an open or busy operation has its entry between head and tail
   B2  an operation is taken at most once for each version
   B3  a scan that finds nothing is right: no operation was open from before it began until its end

   BROKEN=1  a scan that finds nothing does not look at the head again
   BROKEN=2  it does, but compares the array alone: two rebuilds bring the same one back
   BROKEN=3  the front is trimmed without having been seen dead
   BROKEN=4  a rebuild moves the head before the tail */
#include "steps.h"
#ifndef SIZE
#define SIZE 2
#endif
#ifndef TOKENS
#define TOKENS 2
#endif
#ifndef POSTS
#define POSTS 5                            /* what the owner does: a post or a retraction each */
#endif
#ifndef SCANS
#define SCANS 2
#endif
#ifndef SCANNERS
#define SCANNERS 1
#endif
#define FREE 0
#define OPEN 1
#define TAKEN 2
#define BUSY 3

typedef Array { byte token[SIZE]; byte version[SIZE] };
Array array[2];
byte position, current;                    /* the head, one word */
byte tail;
byte state[TOKENS], version[TOKENS] = 1;   /* a token's word */
bool posted[TOKENS];                       /* ghost: the post is over */
#define LIVE(token) (state[token] == OPEN || state[token] == BUSY)
#define ENTRY_LIVE(a, at) (LIVE(array[a].token[(at) % SIZE]) && version[array[a].token[(at) % SIZE]] == array[a].version[(at) % SIZE])

proctype Owner() {
  byte posts, token, at, head, a, next; bool live;
  do
  :: posts == POSTS -> break
  :: else ->
     posts++;
     if :: posts <= TOKENS -> token = posts - 1 :: else -> select(token : 0 .. TOKENS - 1) fi;       /* first all are posted once */
     if
     :: atomic { state[token] == OPEN -> state[token] = FREE; posted[token] = false }                   /* tokenHold, tokenFree */
     :: atomic { state[token] != OPEN -> version[token]++; state[token] = BUSY; posted[token] = false };
        atomic { head = position; a = current };
        do                                 /* boardPush */
        :: tail - head < SIZE -> break
        :: else ->
           live = ENTRY_LIVE(a, head);
           if
           :: !live -> d_step { if :: position == head && current == a -> position = head + 1 :: else fi }; atomic { head = position; a = current }
           :: else ->                      /* boardRebuild */
              next = tail; at = head;
              do
              :: at != tail ->
                 live = ENTRY_LIVE(a, at);
                 if
                 :: live -> atomic { array[1 - a].token[next % SIZE] = array[a].token[at % SIZE]; array[1 - a].version[next % SIZE] = array[a].version[at % SIZE] }; next++
                 :: else
                 fi; at++
              :: else -> break
              od;
#if BROKEN == 4
              skip;
              d_step { position = tail; current = 1 - a };
              head = tail;
              tail = next;
#else
              at = tail;
              tail = next;
              d_step { position = at; current = 1 - a };    /* the swaps until it succeeds: only the position can have moved */
              head = at;
#endif
              a = 1 - a
           fi
        od;
        atomic { array[a].token[tail % SIZE] = token; array[a].version[tail % SIZE] = version[token] };
        tail++;
        atomic { state[token] = OPEN; posted[token] = true }
     fi; token = 0; at = 0; head = 0; a = 0; next = 0; live = false
  od
}

proctype Scanner() {
  byte scans, head, a, end, at, token, v, before0, before1; bool found, claims;
  do
  :: scans == SCANS -> break
  :: else ->
     scans++;
#ifdef LOOKS                               /* scanners look and never claim */
     claims = false;
#else
     if :: claims = false :: claims = true fi;
#endif
     d_step {
       before0 = (posted[0] && state[0] == OPEN -> version[0] : 0);
       before1 = (TOKENS > 1 && posted[TOKENS - 1] && state[TOKENS - 1] == OPEN -> version[TOKENS - 1] : 0)
     };
rescan:
     atomic { head = position; a = current };
     end = tail; at = head;
     do
     :: at != end && at - head < 2 * SIZE ->
        atomic { token = array[a].token[at % SIZE]; v = array[a].version[at % SIZE] };
#if BROKEN == 3
        d_step { if :: at == head && position == head && current == a -> position = head + 1; head = head + 1 :: else fi };
#endif
        d_step { found = (v != 0 && state[token] == OPEN && version[token] == v) };
        if
        :: found && !claims -> break
        :: found && claims ->
           d_step { found = (state[token] == OPEN && version[token] == v); if :: found -> state[token] = TAKEN :: else fi };
           if :: found -> break :: else fi
        :: else ->
           d_step { found = (v != 0 && LIVE(token) && version[token] == v) };             /* BUSY: neither found nor dead */
           if
           :: !found -> d_step { if :: at == head && position == head && current == a -> position = head + 1; head = head + 1 :: else fi }
           :: else -> found = false
           fi
        fi;
        at++
     :: else -> break
     od;
     if
     :: found -> skip
     :: else ->
#if BROKEN == 2
        atomic { found = (current != a) };
        if :: found -> found = false; goto rescan :: else fi;
#elif BROKEN != 1
        atomic { found = (current != a || position > end) };                     /* boardUnchanged */
        if :: found -> found = false; goto rescan :: else fi;
#endif
        d_step {
          assert(!(before0 != 0 && version[0] == before0 && state[0] == OPEN));
          assert(!(before1 != 0 && version[TOKENS - 1] == before1 && state[TOKENS - 1] == OPEN))
        }
     fi;
     head = 0; a = 0; end = 0; at = 0; token = 0; v = 0; before0 = 0; before1 = 0; found = false; claims = false
  od
}

proctype Monitor() {
  byte token, at; bool there;
  timeout -> d_step {
    for (token : 0 .. TOKENS - 1) {
      there = !LIVE(token); at = position;
      do :: at != tail -> there = there || (array[current].token[at % SIZE] == token && array[current].version[at % SIZE] == version[token]); at++ :: else -> break od;
      assert(there)
    }
  }
}

init { byte i; atomic { run Owner(); for (i : 1 .. SCANNERS) { run Scanner() } run Monitor() } }
