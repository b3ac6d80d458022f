/* Lines of those who wait, on several threads: core/src/shared-monitor.ts. Each thread has a plain line of its own waiters and, while
   there are any, an entry in the record for the first of them. Reading the record is one step here, and
   changing it and swapping it is one, which fails if it has changed since (record.pml has their steps); between them comes the look at
   who is alive. A poke is one bit (mailbox.pml).

   Without -DGATED a semaphore of CAPACITY permits, of which the waiters of thread t want 1 and 2 in turn: what somebody holds is in the
   record too. With -DGATED a mutex: `hot` is taken by recordHold and given back by recordLet, which pokes the gate, the
   thread of the first entry; who has waited long says so (`next`), and is handed the lock then. A thread is reaped: alive,
   recordLose, and everybody is told.

   -DBEGIN_LOST: one of each thread waits for the lock, and another thread has died that held it.

   M1  when nothing moves any more, nobody waits on a live thread
   M2  every waiter of a live thread is let pass, fails, or gives up: one of them, once
   M3  permits that are free and held are CAPACITY together; a lock has one live holder
   M4  a lock whose holder dies is lost, and that is told once; not of one who never knew that he held it

   BROKEN=1  recordLet does not poke the gate
   BROKEN=2  who joins does not look whether the first may pass
   BROKEN=3  nobody is told of a death
   BROKEN=4  a lock that a dead thread was given, and did not know of, counts as lost
   BROKEN=5  … and one that it was told to be lost counts as given
   BROKEN=6  who is first and gives up does not say so
   BROKEN=7  what a dead thread held stays so
   BROKEN=8  whoever is granted something is not poked
   BROKEN=9  an entry that was let pass is taken out: who stands behind the first does not join again
   BROKEN=10 who gives up may go though it was let pass
   BROKEN=11 who is alive is looked at before the record is read */
#include "steps.h"
#ifndef THREADS
#define THREADS 2
#endif
#ifndef WAITERS
#define WAITERS 2                          /* goroutines of each thread, at most two of which wait at a time */
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef CANCELS
#define CANCELS 0
#endif

#define BIT(t) (1 << (t))
#define ALL (BIT(THREADS) - 1)
#define HOLDER(t) ((t) + 1)
#define LOST 127

/* the record: entries that somebody waits behind, in order, 1 + thread, two bits each; those granted something, and of them who failed */
byte queue, granted, failed;
byte ticket[THREADS];
byte hot; bool next;                       /* of a lock */
byte permits = CAPACITY, held[THREADS];    /* of a semaphore */
/* the threads */
byte alive = ALL;
bool stale[THREADS];                       /* the record has changed since this thread has read it */
bool poked[THREADS];
byte line1[THREADS], line2[THREADS];       /* tickets of those who wait here, 0 = nobody */
/* ghost, and what goroutines know */
byte todo[THREADS], inside[THREADS], ended[THREADS], cancels, losses, told;
bool gone[THREADS];
byte unreaped;

#define LENGTH ((line1[me] != 0) + (line2[me] != 0))
#define TICKET(i) ((i) == 1 -> line1[me] : line2[me])
#define FIRST ((queue & 3) - 1)

inline append(t) {
  k = 0; do :: (queue >> k) & 3 -> k = k + 2 :: else -> break od;
  queue = queue | ((t + 1) << k); k = 0
}

inline takeOut(t) {                        /* from the queue, wherever it stands */
  k = 0;
  do
  :: k < 8 && ((queue >> k) & 3) == t + 1 -> queue = (queue & (BIT(k) - 1)) | ((queue >> (k + 2)) << k); break
  :: k < 8 && ((queue >> k) & 3) != t + 1 -> k = k + 2
  :: else -> break
  od; k = 0
}

/* Rules.attempt: WAIT, PASS or FAILED in `out`. */
#define WAIT 0
#define PASS 1
#define FAILED 2
inline attempt(t, n) {
#ifdef GATED
  if
  :: hot == LOST -> hot = 0; out = FAILED; told++
  :: hot == 0 -> hot = HOLDER(t); next = false; out = PASS
  :: else -> out = WAIT
  fi
#else
  if :: permits >= n -> permits = permits - n; held[t] = held[t] + n; out = PASS :: else -> out = WAIT fi
#endif
}

inline forgetTheDead() {
#ifdef GATED
  if
  :: hot != 0 && hot != LOST && hot != HOLDER(me) && !(al & BIT(hot - 1)) && BROKEN != 7 -> hot = LOST
  :: else
  fi;
#endif
  for (u : 0 .. THREADS - 1) {
    if
    :: !(al & BIT(u)) ->
       if
       :: (granted & BIT(u)) && hot == LOST && BROKEN != 4 && (BROKEN == 5 || !(failed & BIT(u))) -> hot = 0
       :: else
       fi;
       granted = granted & ~BIT(u); failed = failed & ~BIT(u);
       takeOut(u);
       if :: BROKEN != 7 -> permits = permits + held[u]; held[u] = 0 :: else fi
    :: else
    fi
  }
  u = 0
}

/* `at` is who is the first here once the change is made: 1, 2, or 3 = nobody. */
inline takeGrants() {
  any = (granted & BIT(me)) != 0;
  if
  :: any ->
     n0 = TICKET(at);
     if :: failed & BIT(me) -> fails++ :: else -> enter(n0); passes++ fi; n0 = 0;
     granted = granted & ~BIT(me); failed = failed & ~BIT(me);
     assert(at <= LENGTH);
     at++;
     if :: left && at == leaving -> at++ :: else fi;
     if :: at <= LENGTH && BROKEN != 9 -> ticket[me] = TICKET(at); append(me) :: else fi
  :: else
  fi
}

inline enter(n) {
#ifdef GATED
  for (u : 0 .. THREADS - 1) { assert(gone[u] || inside[u] == 0) }
  u = 0;
#endif
  inside[me] = inside[me] + n
}

inline changed() {
  for (u : 0 .. THREADS - 1) { stale[u] = true }
  u = 0; stale[me] = false
}

inline admit() {
  do
  :: queue != 0 ->
     w = FIRST;
     attempt(w, ticket[w]);
     if :: out == WAIT -> break :: else fi;
     takeOut(w);
     granted = granted | BIT(w);
     if :: out == FAILED -> failed = failed | BIT(w) :: else fi;
     if :: w != me -> pokes = pokes | BIT(w) :: else fi
  :: else -> break
  od; w = 0; out = WAIT
}

inline leave() {                           /* who stands at `leaving` */
  if
  :: leaving < at && BROKEN != 10 -> skip  /* it was let pass */
  :: else ->
     left = true;
     if
     :: at == leaving ->
        at++;
        if
        :: at <= LENGTH -> ticket[me] = TICKET(at)
        :: else -> if :: BROKEN != 6 -> takeOut(me) :: else fi
        fi
     :: else
     fi
  fi
}

#define LOOK 0
#define JOIN 1
#define LEAVE 2
#define ATTEMPT 3
#define RELEASE 4
#define IMPATIENT 5
/* n: the ticket, or what is given back. `ok`: an attempt has ended. */
inline make(what, n) {
  at = 1; ok = false;
  forgetTheDead();
  takeGrants();
  if
  :: what == JOIN -> ticket[me] = TICKET(at); append(me)
  :: what == LEAVE -> leave()
  :: what == ATTEMPT && (queue == 0 || hot == LOST) ->
     attempt(me, n);
     if :: out == PASS -> enter(n) :: else fi;
     ok = (out != WAIT); ended[me] = ended[me] + ok; out = WAIT
  :: what == RELEASE -> give(n); next = false
  :: what == IMPATIENT -> next = true
  :: else
  fi;
  do
  :: if :: what != JOIN || BROKEN != 2 -> admit() :: else fi;
     takeGrants();
     if :: !any -> break :: else fi
  od;
  any = false; al = 0;
  /* published: the line becomes what the change has made of it */
  ended[me] = ended[me] + passes + fails + left;
  if
  :: at == 1 && left -> line2[me] = 0
  :: at == 1 && !left -> skip
  :: at == 2 -> line1[me] = (left && leaving == 2 -> 0 : line2[me]); line2[me] = 0
  :: else -> line1[me] = 0; line2[me] = 0
  fi;
  passes = 0; fails = 0; at = 0; left = false; leaving = 0
}

inline change(what, n) {
  do
  ::
#if BROKEN == 11
     STEP(al = alive);
     STEP(stale[me] = false);
#else
     STEP(stale[me] = false);
     STEP(al = alive);
#endif
     STEP(d_step { won = !stale[me]; if :: won -> make(what, n); changed() :: else fi });
     if :: won -> break :: else fi
  od;
progress_change:
  won = false;
  do
  :: pokes == 0 -> break
  :: pokes != 0 ->
     w = (pokes & 1 -> 0 : (pokes & 2 -> 1 : 2));
     pokes = pokes & ~BIT(w);
#if BROKEN != 8
     STEP(poked[w] = true)
#endif
  od; w = 0
}

inline give(n) {
#ifdef GATED
  assert(hot == HOLDER(me)); hot = 0; inside[me] = 0
#else
  permits = permits + n; held[me] = held[me] - n; inside[me] = inside[me] - n
#endif
}

proctype Thread(byte me) {
  byte al, u, k, w, out, at, leaving, passes, fails, pokes, gate, n, n0; bool any, ok, left, won;
end_loop:
  do
  :: todo[me] > 0 && LENGTH < 2 ->
     n = 1 + (todo[me] & 1);
     todo[me]--;
#ifdef GATED
     n = 1;
     STEP(ok = (hot == 0); if :: ok -> hot = HOLDER(me); d_step { enter(n); ended[me]++; changed() } :: else fi);
     if :: !ok -> change(ATTEMPT, n) :: else fi;
#else
     change(ATTEMPT, n);
#endif
     if
     :: ok
     :: else ->
        if
        :: line1[me] != 0 -> line2[me] = n               /* the entry is the first one's */
        :: else -> line1[me] = n; change(JOIN, n)
        fi
     fi;
     ok = false; n = 0
  :: inside[me] > 0 ->
#ifdef GATED
     STEP(ok = (!next && (queue != 0 || granted == 0));
          gate = (queue & 3);
          if :: ok -> d_step { give(1); changed() } :: else fi);
     if
     :: ok && gate != 0 && BROKEN != 1 -> STEP(poked[gate - 1] = true)
     :: ok && (gate == 0 || BROKEN == 1) -> skip
     :: !ok -> change(RELEASE, 1)
     fi;
     gate = 0; ok = false
#else
     n = inside[me];
     if :: n > 1 -> n = 1 :: true fi;
     change(RELEASE, n);
     n = 0
#endif
  :: cancels > 0 && LENGTH > 0 ->
     cancels--;
     if :: leaving = 1 :: LENGTH == 2 -> leaving = 2 fi;
     change(LEAVE, 0)
  :: poked[me] ->
     STEP(poked[me] = false);
     if
     :: LENGTH > 0 ->
        change(LOOK, 0);
#ifdef GATED
        if
        :: LENGTH > 0 && !next -> change(IMPATIENT, 0)
        :: true
        fi
#endif
     :: else
     fi
  :: DIE_HERE
  od;
dead:
  atomic {
    gone[me] = true; unreaped = unreaped | BIT(me);
    if :: hot == HOLDER(me) && inside[me] > 0 -> losses++ :: else fi;
    inside[me] = 0; line1[me] = 0; line2[me] = 0; todo[me] = 0; ended[me] = 0; poked[me] = false;
    al = 0; u = 0; k = 0; w = 0; out = 0; at = 0; leaving = 0; passes = 0; fails = 0; pokes = 0; gate = 0; n = 0;
    any = false; ok = false; left = false; won = false; stale[me] = false
  }
}

proctype Reaper() {
  byte who, u;
end_reap:
  do
  :: atomic { unreaped != 0 -> if :: unreaped & 1 -> who = 0 :: unreaped & 2 -> who = 1 :: unreaped & 4 -> who = 2 fi;
              unreaped = unreaped & ~BIT(who) };
     alive = alive & ~BIT(who);
     atomic { if :: hot == HOLDER(who) && BROKEN != 7 -> hot = LOST; for (u : 0 .. THREADS - 1) { stale[u] = true } :: else fi };
     u = 0;
#if BROKEN != 3
     do
     :: u < THREADS -> if :: alive & BIT(u) -> poked[u] = true :: else fi; u++
     :: else -> break
     od;
#endif
     atomic { u = 0; who = 0 }
  od
}

proctype Monitor() {
  byte t, sum; bool isLost;
  timeout -> d_step {
    sum = permits;
    isLost = (hot == LOST);
    for (t : 0 .. THREADS - 1) {
      sum = sum + held[t];
      assert(gone[t] || (todo[t] == 0 && line1[t] == 0 && inside[t] == 0 && ended[t] == WAITERS && held[t] == 0));
      if :: gone[t] && (granted & BIT(t)) && !(failed & BIT(t)) -> isLost = false :: else fi
    }
    assert(sum == CAPACITY);
    assert(told + isLost == losses)
  }
}

init {
  byte i;
  atomic {
    CHOOSE_DEATHS;
    if :: cancels = 0 :: CANCELS > 0 -> cancels = CANCELS fi;
    for (i : 0 .. THREADS - 1) { todo[i] = WAITERS }
#ifdef BEGIN_LOST
    hot = LOST; losses = 1;
    for (i : 0 .. THREADS - 1) {
      todo[i]--; line1[i] = 1; ticket[i] = 1; poked[i] = true;
      queue = queue | ((i + 1) << (2 * i))
    }
#endif
    for (i : 0 .. THREADS - 1) { run Thread(i) }
    run Reaper(); run Monitor()
  }
}
