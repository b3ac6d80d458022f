/* Lines of those who wait, on several threads: core/src/shared-monitor.ts, monitor-lines.ts, monitor-deaths.ts. Each thread has a plain
   line of its own waiters and, while there are any, an entry in the record. Reading the record is one step here, and changing it and
   swapping it is one, which fails if it has changed since (record.pml has their steps); between them comes the look at who is alive. A
   poke is one bit (mailbox.pml). Also a change that changes nothing is swapped.

   Without -DGATED a semaphore of CAPACITY permits, of which the waiters of thread t want 1 and 2 in turn: what somebody holds is in the
   record too. With -DGATED a mutex: `hot` is taken by recordHold, which looks LOOKS times, and given back by recordLet, which pokes the
   gate, the thread of the first entry; who has waited long says so (`next`), and is handed the lock then.

   An entry is for the first of a thread's line; with -DCOUNTED it counts all of them, so that several may be let pass before their
   thread knows, with an outcome each (`split`). A cancelled waiter stands in its line until it is told, or until its thread's next
   change takes it out with those behind it (`findLeaving`). With -DBEQUESTS a thread that has nothing left to do but hold may
   end in order: what it holds is the main thread's then (`bequeath`). A thread is reaped: alive, recordLose, and everybody is told.

   -DBEGIN_LOST: one of each thread (-DCOUNTED: two) waits for the lock, and another thread has died that held it.

   M1  when nothing moves any more, nobody waits on a live thread
   M2  every waiter of a live thread is let pass, fails, or gives up: one of them, once
   M3  permits that are free and held are CAPACITY together; a lock has one live holder, who is inside
   M4  a lock whose holder dies is lost, and that is told once; not of one who never knew that he held it, nor of one who bequeathed it
   M5  nobody passes by a change of his own thread at whose beginning he was cancelled, with all before him

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
   BROKEN=11 who is alive is looked at before the record is read
   BROKEN=12 recordHold takes what it has seen free, without a swap
   BROKEN=13 recordHold takes a lost lock as a free one
   BROKEN=14 who gives up does not let the next pass: he may have had the gate's poke
   BROKEN=15 those at the head who are cancelled are not taken out before others are let pass
   BROKEN=16 who comes behind one that is let pass may be one that leaves with the same change
   BROKEN=17 an entry has one outcome: no split
   BROKEN=18 a thread that ends in order bequeaths nothing */
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
#ifndef LOOKS
#define LOOKS 2
#endif
#ifdef COUNTED
#define IS_COUNTED true
#else
#define IS_COUNTED false
#endif

#define BIT(t) (1 << (t))
#define ALL (BIT(THREADS) - 1)
#define MAIN 0
#define HOLDER(t) ((t) + 1)
#define LOST 127

/* the record: entries that somebody waits behind, in order, 1 + thread, two bits each */
byte queue;
byte ticket[THREADS], count[THREADS];
byte granted[THREADS], failed[THREADS];    /* how many have been let and do not know; which of them, by place, have failed */
byte hot; bool next;                       /* of a lock */
byte permits = CAPACITY, held[THREADS];    /* of a semaphore */
/* the threads */
byte alive = ALL;
bool stale[THREADS];                       /* the record has changed since this thread has read it */
bool poked[THREADS];
byte line1[THREADS], line2[THREADS];       /* tickets of those who wait here, 0 = nobody */
byte canceled[THREADS];                    /* who of them are: 1, 2 or both */
/* ghost, and what goroutines know */
byte todo[THREADS], inside[THREADS], ended[THREADS], cancels, losses, told;
bool gone[THREADS], over;
byte unreaped;

#define LENGTH ((line1[me] != 0) + (line2[me] != 0))
#define TICKET(i) ((i) == 1 -> line1[me] : line2[me])
#define FIRST ((queue & 3) - 1)
#define ANY_ENTRY (queue != 0 || granted[0] != 0 || granted[1] != 0 || granted[THREADS - 1] != 0)
#define OTHERS_HOLD (held[0] + held[1] + (THREADS == 3 -> held[THREADS - 1] : 0) != held[me])
#define IS_ALONE (!ANY_ENTRY && (hot == 0 || hot == HOLDER(me)) && !OTHERS_HOLD)

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
       :: granted[u] != 0 && hot == LOST && BROKEN != 4 && (BROKEN == 5 || failed[u] != BIT(granted[u]) - 1) -> hot = 0
       :: else
       fi;
       granted[u] = 0; failed[u] = 0; count[u] = 0;
       takeOut(u);
       if :: BROKEN != 7 -> permits = permits + held[u]; held[u] = 0 :: else fi
    :: else
    fi
  }
  u = 0
}

/* `at` is who is the first here once the change is made: 1, 2, or 3 = nobody. */
inline after() {
  at++;
  if :: at == 2 && (left & 2) && BROKEN != 16 -> at++ :: else fi
}

inline takeGrants() {
  any = granted[me] != 0;
  do
  :: granted[me] != 0 ->
     assert(at <= LENGTH);
     assert(!admitting || !(canceled[me] & at) || (at == 2 && !(canceled[me] & 1)));
     n0 = TICKET(at);
     if :: failed[me] & 1 -> fails++ :: else -> enter(n0); passes++ fi; n0 = 0;
     granted[me]--; failed[me] = failed[me] >> 1;
     after()
  :: else -> break
  od;
  if
  :: any && !IS_COUNTED && at <= LENGTH && BROKEN != 9 -> ticket[me] = TICKET(at); count[me] = 1; append(me)
  :: else
  fi
}

inline enter(n) {
#ifdef GATED
  for (u : 0 .. THREADS - 1) { assert(gone[u] || inside[u] == 0) }
  u = 0;
  assert(hot == HOLDER(me));
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
#if BROKEN == 17
     failed[w] = 0;
     for (u : 0 .. granted[w]) { failed[w] = (out == FAILED -> failed[w] | BIT(u) : failed[w]) }
     u = 0;
#else
     if :: out == FAILED -> failed[w] = failed[w] | BIT(granted[w]) :: else fi; /* split */
#endif
     granted[w]++; count[w]--;
     if :: count[w] != 0 -> append(w) :: else fi;
     if :: w != me -> pokes = pokes | BIT(w) :: else fi
  :: else -> break
  od; w = 0; out = WAIT
}

/* `quitter`, and those at the head who are cancelled, with whoever is behind them and is too. */
inline findLeaving(quitter) {
  leaving = quitter;
  if :: (canceled[me] & 1) && (BROKEN != 15 || quitter == 1) -> leaving = canceled[me] :: else fi
}

inline leave(place) {
  left = left | place;
  if
  :: at == place || IS_COUNTED ->
     if :: at == place -> after() :: else fi;
     if
     :: (IS_COUNTED || at > LENGTH) && BROKEN != 6 -> count[me]--; if :: count[me] == 0 -> takeOut(me) :: else fi
     :: else
     fi;
     if :: at <= LENGTH -> ticket[me] = TICKET(at) :: else fi
  :: else
  fi
}

inline leaveAll() {
  if :: (leaving & 1) && (at <= 1 || BROKEN == 10) -> leave(1) :: else fi;
  if :: (leaving & 2) && (at <= 2 || BROKEN == 10) -> leave(2) :: else fi
}

inline join() {                            /* the entry is the first one's, or counts all */
  ticket[me] = TICKET(at);
  if :: count[me] == 0 -> append(me) :: else fi;
  count[me] = (IS_COUNTED -> count[me] + 1 : 1)
}

/* What this thread holds is the main thread's, which will give it back. */
inline bequeath() {
#ifdef GATED
  if :: BROKEN != 18 && hot == HOLDER(me) -> hot = HOLDER(MAIN) :: else fi;
#else
  if :: BROKEN != 18 -> held[MAIN] = held[MAIN] + held[me]; held[me] = 0 :: else fi;
#endif
  inside[MAIN] = inside[MAIN] + inside[me]; inside[me] = 0
}

#define LOOK 0
#define JOIN 1
#define LEAVE 2
#define ATTEMPT 3
#define RELEASE 4
#define IMPATIENT 5
#define BEQUEATH 6
/* n: the ticket, or what is given back. `ok`: an attempt has ended. */
inline make(what, n) {
  at = 1; ok = false;
  if
  :: IS_ALONE
  :: else -> forgetTheDead(); takeGrants(); leaveAll()
  fi;
  if
  :: what == JOIN -> join()
  :: what == ATTEMPT && (queue == 0 || hot == LOST) ->
     attempt(me, n);
     if :: out == PASS -> enter(n) :: else fi;
     ok = (out != WAIT); ended[me] = ended[me] + ok; out = WAIT
  :: what == RELEASE -> give(n); next = false
  :: what == IMPATIENT -> next = true
  :: what == BEQUEATH -> bequeath()
  :: else
  fi;
  admitting = true;
  do
  :: if :: !(what == JOIN && BROKEN == 2) && !(what == LEAVE && BROKEN == 14) -> admit() :: else fi;
     takeGrants();
     if :: !any -> break :: else fi
  od;
  any = false; admitting = false; al = 0;
  /* letGo, letPass: published, the line becomes what the change has made of it */
  ended[me] = ended[me] + passes + fails + (left & 1) + (left >> 1);
  if
  :: at == 1 -> if :: left & 2 -> line2[me] = 0; canceled[me] = canceled[me] & 1 :: else fi
  :: at == 2 -> line1[me] = line2[me]; line2[me] = 0; canceled[me] = canceled[me] >> 1
  :: else -> line1[me] = 0; line2[me] = 0; canceled[me] = 0
  fi;
  passes = 0; fails = 0; at = 0; left = 0
}

inline change(what, n, quitter) {
  findLeaving(quitter);
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
  won = false; leaving = 0;
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

/* Looks before it waits: while the lock is held and nobody waits, the holder may be about to let go. `ok`: it has the lock. */
inline recordHold() {
  looks = LOOKS;
  do
  :: STEP(stale[me] = false; won = (hot == 0 || (BROKEN == 13 && hot == LOST));
          if :: !won && (ANY_ENTRY || next || hot == LOST) -> looks = 1 :: else fi);
     if
     :: won ->
        STEP(ok = (!stale[me] || BROKEN == 12);
             if :: ok -> d_step { hot = HOLDER(me); enter(1); ended[me]++; changed() } :: else fi);
        if :: ok -> break :: else fi
     :: else ->
        looks--;
        if :: looks == 0 -> break :: else fi
     fi
  od;
  looks = 0; won = false
}

proctype Thread(byte me) {
  byte al, u, k, w, out, at, leaving, left, passes, fails, pokes, gate, looks, n, n0; bool any, ok, won, admitting;
end_loop:
  do
  :: todo[me] > 0 && LENGTH < 2 ->
     n = 1 + (todo[me] & 1);
     todo[me]--;
#ifdef GATED
     n = 1;
     recordHold();
     if
     :: ok
progress_hold:
        skip
     :: else -> change(ATTEMPT, n, 0)
     fi;
#else
     change(ATTEMPT, n, 0);
#endif
     if
     :: ok
     :: else ->
        if
        :: line1[me] != 0 -> line2[me] = n
        :: else -> line1[me] = n
        fi;
        if :: LENGTH == 1 || IS_COUNTED -> change(JOIN, n, 0) :: else fi /* behind others: the entry is theirs */
     fi;
     ok = false; n = 0
  :: inside[me] > 0 ->
#ifdef GATED
     STEP(ok = (!next && (queue != 0 || !ANY_ENTRY));
          gate = (queue & 3);
          if :: ok -> d_step { give(1); changed() } :: else fi); /* recordLet */
     if
     :: ok && gate != 0 && BROKEN != 1 -> STEP(poked[gate - 1] = true)
     :: ok && (gate == 0 || BROKEN == 1) -> skip
     :: !ok -> change(RELEASE, 1, 0)
     fi;
     gate = 0; ok = false
#else
     n = inside[me];
     if :: n > 1 -> n = 1 :: true fi;
     change(RELEASE, n, 0);
     n = 0
#endif
  :: atomic { cancels > 0 && LENGTH > 0 && !(canceled[me] & 1) -> cancels--; canceled[me] = canceled[me] | 1 }
  :: atomic { cancels > 0 && LENGTH == 2 && !(canceled[me] & 2) -> cancels--; canceled[me] = canceled[me] | 2 }
  :: canceled[me] & 1 -> change(LEAVE, 0, 1)
  :: canceled[me] & 2 -> change(LEAVE, 0, 2)
  :: poked[me] ->
     STEP(poked[me] = false);
     if
     :: LENGTH > 0 ->
        change(LOOK, 0, 0);
#ifdef GATED
        if
        :: LENGTH > 0 && !next -> change(IMPATIENT, 0, 0)
        :: true
        fi
#endif
     :: else
     fi
#ifdef BEQUESTS
  :: me != MAIN && !gone[MAIN] && todo[me] == 0 && LENGTH == 0 && inside[me] > 0 -> change(BEQUEATH, 0, 0); goto dead
#endif
  :: DIE_HERE
  od;
dead:
  atomic {
    gone[me] = true; unreaped = unreaped | BIT(me);
#ifdef BEQUESTS
    over = over || me == MAIN;             /* without its main thread the process ends */
#endif
    if :: hot == HOLDER(me) && inside[me] > 0 -> losses++ :: else fi;
    inside[me] = 0; line1[me] = 0; line2[me] = 0; canceled[me] = 0; todo[me] = 0; ended[me] = 0; poked[me] = false;
    al = 0; u = 0; k = 0; w = 0; out = 0; at = 0; leaving = 0; left = 0; passes = 0; fails = 0; pokes = 0; gate = 0; looks = 0; n = 0;
    any = false; ok = false; won = false; stale[me] = false
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
  timeout -> if :: over -> skip :: else -> d_step {
    sum = permits;
    isLost = (hot == LOST);
    for (t : 0 .. THREADS - 1) {
      sum = sum + held[t];
      assert(gone[t] || (todo[t] == 0 && line1[t] == 0 && inside[t] == 0 && ended[t] == WAITERS && held[t] == 0));
      if :: gone[t] && granted[t] != 0 && failed[t] != BIT(granted[t]) - 1 -> isLost = false :: else fi
    }
    assert(sum == CAPACITY);
    assert(told + isLost == losses);
    assert(hot == 0 || hot == LOST || gone[hot - 1])
  } fi
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
      todo[i]--; line1[i] = 1; ticket[i] = 1; count[i] = 1; poked[i] = true;
      queue = queue | ((i + 1) << (2 * i));
#ifdef COUNTED
      todo[i]--; line2[i] = 1; count[i] = 2
#endif
    }
#endif
    for (i : 0 .. THREADS - 1) { run Thread(i) }
    run Reaper(); run Monitor()
  }
}
