/* A weighted semaphore over several threads, whose permits come back when a thread dies that holds some. Every thread has a word with
   what it holds, but no death may fall between that and the count. So the count's word also says what the last
   operation was, {count, thread, delta, sequence}, and whoever comes next first sees to it that this is written into
   that thread's word {amount, sequence}. A reaper does an operation in the dead thread's name that gives all back.

   Each thread serves its waiters strictly first come, first served; between threads whoever comes first. A release
   wakes all tickets, as it may be enough for some and not for others.

   S1  permits held and free are CAPACITY together, at every moment, once the last operation is written down; none is given twice
   S2  when nothing moves any more, no live thread's first waiter could have its permits, and those of the dead are back
   S3  lock-free

   BROKEN=1  an operation does not write the last one down first
   BROKEN=2  it does, without looking at the count's word again between reading the thread's word and writing it
   BROKEN=3  a release wakes one ticket
   BROKEN=4  a thread writes down what it holds itself, after the count has changed
   BROKEN=5  no second look after the ticket is set */
#include "steps.h"
#ifndef THREADS
#define THREADS 3
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef WAITERS
#define WAITERS 1
#endif
#undef STEP                                /* the reaper takes the same steps, and does not die */
#define STEP(access) atomic { if :: deathsLeft > 0 && me < THREADS -> deathsLeft--; goto dead :: true -> access fi }
#define NEED(t) ((t) == 0 -> CAPACITY : 1)
#define BIT(t) (1 << (t))
#define OFFSET 8                           /* deltas are stored as delta + OFFSET */

byte count = CAPACITY, last = 0, delta = OFFSET, sequence = 0;       /* one word */
byte amount[THREADS], recorded[THREADS];                             /* one word each */
byte interest, alive = BIT(THREADS) - 1;
bool poked[THREADS], gone[THREADS];
byte waiters[THREADS], holds[THREADS];     /* holds: ghost, and what the thread itself knows */
byte unreaped;

inline help() {                            /* leaves the count's word in c, l, s, with its operation written down */
  do
  :: STEP(c = count; l = last; e = delta; s = sequence);
#if BROKEN == 1 || BROKEN == 4
     break
#else
     STEP(a = amount[l]; r = recorded[l]);
     if :: r == s -> break :: else fi;
#if BROKEN != 2
     STEP(ok = (sequence == s));
     if
     :: ok -> STEP(d_step { if :: amount[l] == a && recorded[l] == r -> amount[l] = a + e - OFFSET; recorded[l] = s :: else fi })
     :: else
     fi;
#else
     STEP(d_step { if :: amount[l] == a && recorded[l] == r -> amount[l] = a + e - OFFSET; recorded[l] = s :: else fi });
#endif
     ok = false
#endif
  od
}

/* Takes n permits, or gives -n back: `ok`, or there were not enough. */
inline change(n) {
  do
  :: help();
     if :: n > 0 && c < n -> ok = false; break :: else fi;
     STEP(d_step {
       ok = (sequence == s);
       if :: ok -> count = c - n; last = me; delta = OFFSET + n; sequence = s + 1; if :: n > 0 -> holds[me] = n; waiters[me]-- :: else fi :: else fi });
     if :: ok -> break :: else fi
  od; a = 0; r = 0; e = 0; l = 0; c = 0; s = 0
}

inline wakeAll() {
  do
  :: STEP(m = interest);
     STEP(m = m & alive);
     if :: m == 0 -> break :: m & 1 -> u = 0 :: m & 2 -> u = 1 :: m & 4 -> u = 2 fi;
     STEP(got = (interest & BIT(u)) != 0; interest = interest & ~BIT(u));
     if :: got -> STEP(poked[u] = true);
#if BROKEN == 3
           break
#else
           skip
#endif
        :: else fi
  od; m = 0; u = 0; got = false
}

proctype Thread(byte me) {
  byte m, u, c, l, e, s, a, r; bool ok, got;
main:
  if
  :: waiters[me] > 0 && holds[me] == 0 ->
     change(NEED(me));
     if
     :: ok ->
        ok = false;
#if BROKEN == 4
        STEP(amount[me] = amount[me] + NEED(me));
#endif
        goto loop
     :: else
     fi;
     STEP(interest = interest | BIT(me));
#if BROKEN != 5
     STEP(ok = (count >= NEED(me)));
     if :: ok -> ok = false; goto main :: else fi
#endif
  :: else
  fi;
loop:
end_loop:
  if
  :: poked[me] && holds[me] == 0 -> STEP(poked[me] = false); goto main
  :: holds[me] > 0 ->
     holds[me] = 0;
#if BROKEN == 4
     STEP(amount[me] = amount[me] - NEED(me));
#endif
     change(-NEED(me));
     ok = false;
     wakeAll();
     goto main
  :: DIE_HERE
  fi;
dead:
  atomic { gone[me] = true; unreaped = unreaped | BIT(me); m = 0; u = 0; c = 0; l = 0; e = 0; s = 0; a = 0; r = 0; ok = false; got = false }
}

proctype Reaper() {
  byte me = 255, who, u, c, l, e, s, a, r; bool ok;
end_reap:
  do
  :: atomic { unreaped != 0 -> who = 0; do :: unreaped & BIT(who) -> break :: else -> who++ od; unreaped = unreaped & ~BIT(who); u = 0 };
     alive = alive & ~BIT(who);
     interest = interest & ~BIT(who);
     do
     :: help();
        STEP(a = amount[who]);
        if :: a == 0 -> break :: else fi;
#if BROKEN == 4
        STEP(count = count + a; amount[who] = 0);
        break
#else
        STEP(d_step {
          ok = (sequence == s);
          if :: ok -> count = c + a; last = who; delta = OFFSET - a; sequence = s + 1 :: else fi })
#endif
     od; ok = false; a = 0; r = 0; e = 0; l = 0; c = 0; s = 0;
     do :: u < THREADS -> poked[u] = true; u++ :: else -> break od; u = 0;
     who = 0
  od;
dead: skip
}

proctype Monitor() {
  byte t;
  timeout -> d_step {
    assert(count == CAPACITY);
    for (t : 0 .. THREADS - 1) { assert(gone[t] || (waiters[t] == 0 && holds[t] == 0)) }
  }
}

/* S1, with what is not written down yet, checked by itself: a violation would be a count above the capacity. */
proctype Bound() { end_bound: atomic { count > CAPACITY -> assert(false) } }

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    for (i : 0 .. THREADS - 1) { waiters[i] = WAITERS; run Thread(i) }
    run Reaper(); run Monitor(); run Bound()
  }
}
