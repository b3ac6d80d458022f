/* The sealed ring: assembly/ring.ts, enqueue, dequeue, ringReceiveMany and ringClose, access by access.

   A ghost queue is changed exactly where an operation takes effect, and says at that point what the operation of a
   plain bounded queue would have answered. A slot's stamp is turn << 1 | sealed, with 7 bits for the turn instead of
   31; positions start just below where the turn wraps.

   R1 to R5 as in ring.ts, that is
     - what is received is what was sent, in order, once; nothing is overwritten
     - WOULD_BLOCK is true (full, or empty) at the read of the slot, CLOSED is true there too
     - sends and the close are ordered by their slots: nothing is sent after the seal, everything before it is received
   R6  a thread that dies anywhere stops nobody else, and loses at most the values it had received
   R7  lock-free: no endless run without a send, a receive or a close that succeeds

   Callers of an operation that would block wait for the ghost queue to change; parking.pml has the real waiting.

   BROKEN=1  enqueue does not look at the head: it overwrites
   BROKEN=2  the tail is moved only by the sender whose slot it passes
   BROKEN=3  closing sets a flag beside the ring instead of a seal
   BROKEN=4  ringReceiveMany moves the head without a swap of where it began
   BROKEN=5  capacity = number of slots: the seal finds none (with CLOSERS)
   BROKEN=6  headSeen is trusted when it says full */
#include "steps.h"
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef SLOTS
#define SLOTS 2                            /* a power of two above the capacity */
#endif
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef RECEIVERS
#define RECEIVERS 2
#endif
#ifndef VALUES
#define VALUES 2                           /* per sender */
#endif
#ifndef CLOSERS
#define CLOSERS 0
#endif
#ifndef MAX
#define MAX 1                              /* 1: dequeue; more: ringReceiveMany */
#endif
#ifndef START
#define START 126
#endif

#define TURN_MASK 127
#define AT(position) ((position) & (SLOTS - 1))
#define FILLED(position, sealed) (((((position) + 1) & TURN_MASK) << 1) | (sealed))
#define TURN_OF(stamp, position) (((stamp >> 1) - (position)) & TURN_MASK)
#define NOT_YET ((1 - SLOTS) & TURN_MASK)
#define IS_SEALED(stamp) ((stamp & 1) == 1)

byte stamp[SLOTS], value[SLOTS];           /* one word */
byte head = START, tail = START, headSeen = START;
bool closedFlag;                           /* BROKEN=3 */
/* ghost */
byte queue[SENDERS * VALUES + 1], first, last;
bool closed;
byte lastSeen[SENDERS * RECEIVERS];        /* a sender's values arrive in order at each receiver */
byte receivedAll;

#define LENGTH (last - first)

proctype Sender(byte me) {
  byte k = 1, position, limit, seenStamp, seenValue; bool wasFull, won;
  do
  :: k > VALUES -> break
  :: else ->
again:
     STEP(position = tail);
     STEP(d_step { seenStamp = stamp[AT(position)]; seenValue = value[AT(position)]; wasFull = (LENGTH >= CAPACITY && !closed) });
     if
     :: TURN_OF(seenStamp, position) == 1 ->
        if
        :: IS_SEALED(seenStamp) -> assert(closed); goto done            /* CLOSED */
        :: else ->
#if BROKEN != 2
           STEP(if :: tail == position -> tail = position + 1 :: else fi);     /* help */
#endif
           goto again
        fi
     :: TURN_OF(seenStamp, position) == NOT_YET -> skip
     :: else -> goto again                 /* the tail was out of date */
     fi;
#if BROKEN == 3
     STEP(d_step { if :: closedFlag -> k = VALUES + 1 :: else fi });
     if :: k > VALUES -> goto done :: else fi;
#endif
#if BROKEN != 1
     STEP(limit = headSeen);
     if
     :: position - limit >= CAPACITY ->
#if BROKEN != 6
        STEP(limit = head);
#endif
        if
        :: position - limit >= CAPACITY ->
           assert(wasFull);                /* WOULD_BLOCK */
end_full:  atomic { LENGTH < CAPACITY || closed -> position = 0; limit = 0; seenStamp = 0; seenValue = 0; wasFull = false };
           goto again
        :: else -> STEP(headSeen = limit)
        fi
     :: else
     fi;
#endif
     STEP(d_step {                         /* publishes the value */
       won = (stamp[AT(position)] == seenStamp && value[AT(position)] == seenValue);
       if
       :: won ->
          stamp[AT(position)] = FILLED(position, 0); value[AT(position)] = me * 16 + k;
          assert(!closed); queue[last] = me * 16 + k; last++; assert(LENGTH <= CAPACITY)
       :: else
       fi });
     if :: !won -> goto again :: else fi;
progress_sent: k++;
     STEP(if :: tail == position -> tail = position + 1 :: else fi)
  od;
done: dead:
  atomic { position = 0; limit = 0; seenStamp = 0; seenValue = 0; wasFull = false; won = false; k = 0 }
}

proctype Receiver(byte me) {
  byte position, count, seenStamp, seenValue, i; byte got[MAX]; bool won, sawClosed;
again:
  STEP(position = head; count = 0);
#if BROKEN == 3
  STEP(sawClosed = closedFlag);
#endif
  do
  :: count == MAX -> break
  :: else ->
     STEP(d_step {
       seenStamp = stamp[AT(position + count)]; seenValue = value[AT(position + count)];
       if
       :: count == 0 && TURN_OF(seenStamp, position) == 1 && IS_SEALED(seenStamp) -> assert(closed && LENGTH == 0)
       :: count == 0 && TURN_OF(seenStamp, position) == NOT_YET -> assert(LENGTH == 0 && (!closed || BROKEN == 3))
       :: else
       fi });
     if
     :: TURN_OF(seenStamp, position + count) == 1 && !IS_SEALED(seenStamp) -> got[count] = seenValue; count++
     :: else -> break
     fi
  od;
  if
  :: count == 0 ->
     if
     :: TURN_OF(seenStamp, position) == 1 -> goto done                    /* CLOSED */
     :: TURN_OF(seenStamp, position) == NOT_YET ->                        /* WOULD_BLOCK */
#if BROKEN == 3
        if :: sawClosed -> assert(LENGTH == 0); goto done :: else fi;
#endif
end_empty: atomic { LENGTH > 0 || closed -> position = 0; seenStamp = 0; seenValue = 0; won = false };
        goto again
     :: else -> goto again                 /* the head was out of date */
     fi
  :: else ->
     STEP(d_step {                         /* takes the values, all of them */
       won = (head == position || BROKEN == 4);
       if
       :: won ->
          head = position + count; i = 0;
          do
          :: i < count ->
             assert(first < last && queue[first] == got[i]); first++;
             assert((got[i] % 16) > lastSeen[me * SENDERS + got[i] / 16]);
             lastSeen[me * SENDERS + got[i] / 16] = got[i] % 16; got[i] = 0; i++
          :: else -> break
          od; i = 0
       :: else
       fi });
     if
     :: won ->
progress_received: goto again
     :: else -> goto again
     fi
  fi;
done: dead:
  atomic { position = 0; count = 0; seenStamp = 0; seenValue = 0; won = false; i = 0; sawClosed = false;
           do :: i < MAX -> got[i] = 0; i++ :: else -> break od; i = 0 }
}

proctype Closer() {
  byte position, seenStamp, seenValue; bool won;
again:
#if BROKEN == 3
  STEP(d_step { closedFlag = true; closed = true }); goto done;
#endif
  STEP(position = tail);
  STEP(d_step { seenStamp = stamp[AT(position)]; seenValue = value[AT(position)] });
  if
  :: TURN_OF(seenStamp, position) == 1 ->
     if
     :: IS_SEALED(seenStamp) -> assert(closed); goto done
     :: else -> STEP(if :: tail == position -> tail = position + 1 :: else fi); goto again
     fi
  :: TURN_OF(seenStamp, position) == NOT_YET ->
     STEP(d_step {
       won = (stamp[AT(position)] == seenStamp && value[AT(position)] == seenValue);
       if
       :: won ->
          assert(position - SLOTS < head);                              /* R3 for the seal */
          stamp[AT(position)] = FILLED(position, 1); value[AT(position)] = 0; closed = true
       :: else
       fi });
     if
     :: won ->
progress_closed: goto done
     :: else -> goto again
     fi
  :: else -> goto again
  fi;
done: dead:
  atomic { position = 0; seenStamp = 0; seenValue = 0; won = false }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    /* "filled one lap ago, and received" */
    for (i : 0 .. SLOTS - 1) { stamp[AT(START + i)] = FILLED(START + i - SLOTS, 0) }
    for (i : 0 .. SENDERS - 1) { run Sender(i) }
    for (i : 0 .. RECEIVERS - 1) { run Receiver(i) }
    i = 0;
    do :: i < CLOSERS -> run Closer(); i++ :: else -> break od
  }
}
