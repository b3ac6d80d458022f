/* A buffered channel that was one thread's own and becomes known to others while values are in it and goroutines wait:
   RingMedium.moveIn of core/src/ring-medium.ts. The owner makes a ring that nobody else knows, moves the values into it, queues its
   waiters behind tickets, and only then sends the ring's address to somebody (one word: published). Another thread
   receives, or sends; the owner goes on serving its waiters when it is poked. The owner may die.

   Values are numbers in the order in which they were sent; waiting senders come after the buffered values.

   P1  values are received in order, once, none left out (but for what a dead owner had not put into the ring)
   P2  when nothing moves any more: no live owner has a waiter that could go on
   P3  before the address is published nobody touches the ring

   -DRECEIVERS=n instead: the channel is empty, n receivers wait, and the other thread sends.

   BROKEN=1  the address is published before the values are in the ring
   BROKEN=2  the tickets are set after the address is published, and the owner does not look again
   BROKEN=3  waiting senders are not moved: they try again only when something else is sent */
#include "steps.h"
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef SENDERS
#define SENDERS 2                          /* wait with values, the channel being full */
#endif
#ifndef RECEIVERS
#define RECEIVERS 0
#endif
#define VALUES (RECEIVERS > 0 -> 0 : CAPACITY + SENDERS)

byte ring[8], head, tail;                  /* ring.pml has its steps */
bool ticket[2], published, poked, gone;    /* the owner's tickets: 0 = as a receiver, 1 = as a sender */
byte senders = (RECEIVERS > 0 -> 0 : SENDERS), receivers = RECEIVERS;
byte nextValue;                            /* of the owner's local channel */
byte received;                             /* ghost: how many, by anybody, in order */
#define FULL (tail - head >= CAPACITY)
#define EMPTY (tail == head)

inline serve() {
  do
  :: senders > 0 ->
     STEP(got = !FULL; if :: got -> ring[tail] = nextValue; tail++; nextValue++; senders-- :: else fi);
     if :: got -> skip :: else -> STEP(ticket[1] = true); STEP(got = !FULL); if :: got -> skip :: else -> break fi fi
  :: receivers > 0 ->
     STEP(got = !EMPTY; if :: got -> assert(ring[head] == received); head++; received++; receivers-- :: else fi);
     if :: got -> skip :: else -> STEP(ticket[0] = true); STEP(got = !EMPTY); if :: got -> skip :: else -> break fi fi
  :: senders == 0 && receivers == 0 -> break
  od; got = false
}

proctype Owner() {
  bool got;
#if BROKEN == 1
  STEP(published = true);
#endif
  do
  :: nextValue < CAPACITY && RECEIVERS == 0 -> STEP(ring[tail] = nextValue; tail++; nextValue++)
  :: else -> break
  od;
#if BROKEN == 2
  STEP(published = true);
  if :: senders > 0 -> STEP(ticket[1] = true) :: else fi;
  if :: receivers > 0 -> STEP(ticket[0] = true) :: else fi;
#elif BROKEN == 3
  STEP(published = true);
#else
  if :: senders > 0 -> STEP(ticket[1] = true) :: else fi;
  if :: receivers > 0 -> STEP(ticket[0] = true) :: else fi;
#if BROKEN != 1
  STEP(published = true);
#endif
#endif
end_idle:
  do
  :: poked -> STEP(poked = false); serve()
  :: DIE_HERE
  od;
dead: atomic { gone = true; got = false }
}

proctype Other() {
  bool got; byte sent;
end_unknown:
  published;
  do
  :: RECEIVERS == 0 ->
end_empty:
     atomic { !EMPTY -> assert(ring[head] == received); head++; received++ };
     if :: atomic { ticket[1] -> ticket[1] = false; got = true } :: else fi;
     if :: got -> got = false; poked = true :: else fi
  :: RECEIVERS > 0 && sent < RECEIVERS ->
end_full:
     atomic { !FULL -> ring[tail] = sent; tail++; sent++ };
     if :: atomic { ticket[0] -> ticket[0] = false; got = true } :: else fi;
     if :: got -> got = false; poked = true :: else fi
  :: RECEIVERS > 0 && sent == RECEIVERS -> break
  od
}

proctype Monitor() {
  timeout -> d_step {
    assert(gone || ((senders == 0 || FULL) && (receivers == 0 || EMPTY)));
    assert(gone || received == (RECEIVERS > 0 -> RECEIVERS : CAPACITY + SENDERS))
  }
}

init { atomic { CHOOSE_DEATHS; run Owner(); run Other(); run Monitor() } }
