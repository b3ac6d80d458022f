/* Operations that are offered before they park: assembly/offer.ts (offerTake, offerWait, offerEnd, offerReap), as `claim`,
   claim, rendezvousLook and rendezvousClear of rendezvous.ts call it, and above them core/src/rendezvous-medium.ts (trySend,
   tryReceive, sendSoon, receiveSoon, parkSender, offerSend, offerReceive), select.ts (attempt, offer) and posting.ts (open, again, hold).

   Each thread has one operation of up to two cases. A single one is tried, offered, and parks; a select is tried, has one of its cases
   offered, is tried again, and so on, and parks; any of them may park at once. An offer is a word as in the code. A token is its state,
   and its board is part of that (rendezvous.pml and board.pml have them apart); a poke is one bit (mailbox.pml). The word of a send case
   is a block of the heap, made anew for each attempt, and the same one each time: no allocator could use it again sooner.

   F1  an operation is committed once, by one case; both sides agree on which, and the receiver has the word of that sender; nobody is
       committed with an operation whose thread has been reaped, or on a channel that was closed when one of the two began
   F2  a word is freed once, by whoever has it, and not used afterwards; what is left in the end are words of dead threads' operations
       alone (what they were to send, or had received), and of these none that was in an offer or an open or taken token at the death
   F3  when nothing moves any more, no two operations of live threads that match are parked, nobody is parked on a closed channel, nobody
       sleeps with a token that has been taken, and no offer is left, also none of a dead thread
   F4  a claim that finds nobody, or takes an offer: no counterpart was open from before it began until then
   F5  lock-free: no endless run (there is none at all where LOOKS and OFFERS are bounded: every run ends)

   LOOKS=n    an offer is looked at n times at most; without, any number of times
   OFFERS=n   an operation offers n times at most; without, a select any number of times
   UNSEEN     who has opened a token does not look at the offer. Holds too, but for latency: the offerer finds the token once it parks

   BROKEN=1  an offer is withdrawn by a store
   BROKEN=2  an offer is laid down by a store
   BROKEN=3  an offer is taken by a store
   BROKEN=4  offerTake does not look which direction is offered
   BROKEN=5  offerEnd answers what was offered, not what the word holds
   BROKEN=6  an operation that has been offered does not look at its counterparts once it is open
   BROKEN=7  claim looks at the offer before the boards
   BROKEN=8  the reaper leaves a dead thread's offer
   BROKEN=9  the reaper clears an offer by a store
   BROKEN=10 the reaper frees whatever an offer holds
   BROKEN=11 the reaper does not look whose offer it is
   BROKEN=12 the reaper does not free what a dead receiver was given
   BROKEN=13 a dead thread's number is used again before its offer has been taken back
   BROKEN=14 rendezvousLook takes any word for an offer: of its own direction too, or one that is taken
   BROKEN=15 who takes an offer makes room itself: its owner finds the word changed */
#include "steps.h"
#ifndef SCENARIO
#define SCENARIO 1
#endif
#ifndef OPERATIONS
#define OPERATIONS 3
#endif

#define RX 0                               /* receive from x: channel * 2 + direction */
#define SX 1
#define RY 2
#define SY 3
#define NO_CASE 8
#define NOBODY 255
#define CHANNELS 2
#define CHANNEL(k) ((k) >> 1)
#define SENDS(k) ((k) & 1)                 /* its direction: SEND is 1 */
#define OPPOSITE(k) ((k) ^ 1)
#define BIT(t) (1 << (t))

#define FREE 0                             /* a token */
#define OPEN 1
#define TAKEN 2
#define BUSY 3

#define NONE 0                             /* an offer: value from bit 6 on, thread from bit 3 on, state, direction */
#define LAID 2
#define OFFER_TAKEN 4
#define STATE_MASK 6
#define OFFER(thread, state, direction, value) (((value) << 6) | ((thread) << 3) | (state) | (direction))
#define IS_LAID(offer, direction) (((offer) & (STATE_MASK | 1)) == (LAID | (direction)))
#define IS_GIVEN(offer) (((offer) & (STATE_MASK | 1)) == OFFER_TAKEN)
#define THREAD_OF(offer) (((offer) >> 3) & 7)
#define VALUE_OF(offer) ((offer) >> 6)

short offer[CHANNELS];
byte state[OPERATIONS], takenCase[OPERATIONS], takenWord[OPERATIONS];
bool closed[CHANNELS], poked[OPERATIONS];

byte cases[2 * OPERATIONS] = NO_CASE;
byte thread[OPERATIONS];
#define HAS(o, k) (cases[2 * (o)] == (k) || cases[2 * (o) + 1] == (k))
#define IS_OPEN(o, k) (HAS(o, k) && state[o] == OPEN)
/* The word of a send case; receives have none. */
#define WORD(o, k) (SENDS(k) -> 1 + 2 * (o) + (cases[2 * (o) + 1] == (k)) : 0)

/* ghost */
bool live[2 * OPERATIONS + 1];             /* the blocks of the words */
byte committed[OPERATIONS] = NO_CASE, partner[OPERATIONS];
byte offerer[CHANNELS], offered[CHANNELS]; /* whose offer, and of which case */
byte openAll[OPERATIONS];                  /* counterparts that have been open since a claim began */
bool late[OPERATIONS];                     /* it began when x was closed */
bool gone[OPERATIONS], leaky[OPERATIONS];  /* leaky: when it died, its words were neither in its token nor in its offer */
byte unreaped, reaped;

inline make(w) { assert(!live[w]); live[w] = true }
inline free(w) { assert(live[w]); live[w] = false }

inline commit(k, o) {
  assert(committed[me] == NO_CASE && committed[o] == NO_CASE && !(reaped & BIT(o)) && HAS(o, OPPOSITE(k)));
  assert(CHANNEL(k) != 0 || (!late[me] && !late[o]));
  committed[me] = k; committed[o] = OPPOSITE(k); partner[me] = o; partner[o] = me
}

inline leaveOpen(o) { for (i : 0 .. OPERATIONS - 1) { openAll[i] = openAll[i] & ~BIT(o) } i = 0 }

/* Takes what is in `seen`, if it is an operation for case k. */
inline offerTake(k) {
  if
#if BROKEN == 4
  :: (seen & STATE_MASK) == LAID ->
#else
  :: IS_LAID(seen, SENDS(OPPOSITE(k))) ->
#endif
     STEP(d_step {
#if BROKEN == 3
       done = true;
#else
       done = (offer[CHANNEL(k)] == seen);
#endif
       if
       :: done ->
          assert(offered[CHANNEL(k)] == OPPOSITE(k) && openAll[me] == 0);
          answer = (SENDS(k) -> WORD(me, k) : VALUE_OF(seen));
#if BROKEN == 15
          offer[CHANNEL(k)] = NONE;
#else
          offer[CHANNEL(k)] = OFFER(THREAD_OF(seen), OFFER_TAKEN, SENDS(OPPOSITE(k)), answer);
#endif
          commit(k, offerer[CHANNEL(k)])
       :: else
       fi })
  :: else
  fi; seen = 0
}

inline claimOffer(k) { STEP(seen = offer[CHANNEL(k)]); offerTake(k) }

/* claim: first the boards, then the offer. The word of a send case has been made. */
inline claim(k) {
#if BROKEN == 7
  claimOffer(k);
#endif
  do
  :: u == OPERATIONS || done -> break
  :: else ->
     if
     :: u != me ->
        STEP(d_step {                      /* claimOn, tokenTake */
          done = IS_OPEN(u, OPPOSITE(k));
          if
          :: done -> state[u] = TAKEN; takenCase[u] = OPPOSITE(k); takenWord[u] = WORD(me, k); answer = WORD(u, OPPOSITE(k)); commit(k, u); leaveOpen(u)
          :: else
          fi });
        if :: done -> STEP(poked[u] = true) :: else fi
     :: else
     fi; u++
  od; u = 0;
#if BROKEN != 7
  if :: !done -> claimOffer(k) :: else fi;
#endif
  d_step {
    assert(done || openAll[me] == 0); openAll[me] = 0;
    if :: !done && !posted && SENDS(k) -> free(WORD(me, k)) :: else fi
  }
}

/* rendezvousSend, rendezvousReceive; what is not posted sends a word that is made for it, and freed if it is not sent */
inline attempt(k) {
  STEP(d_step {
    if :: !posted && SENDS(k) -> make(WORD(me, k)) :: else fi;
    ended = closed[CHANNEL(k)];
    if
    :: !ended -> for (i : 0 .. OPERATIONS - 1) { if :: i != me && IS_OPEN(i, OPPOSITE(k)) -> openAll[me] = openAll[me] | BIT(i) :: else fi } i = 0
    :: else
    fi });
  if :: !ended -> claim(k) :: else fi
}

inline offerEnd(k) {
  STEP(answer = VALUE_OF(offer[CHANNEL(k)]));
#if BROKEN == 5
  answer = VALUE_OF(mine);
#endif
  STEP(offer[CHANNEL(k)] = NONE);
  done = true
}

inline lay(k) { offer[CHANNEL(k)] = mine; offerer[CHANNEL(k)] = me; offered[CHANNEL(k)] = k }

inline offerWait(k) {
  do
#ifdef LOOKS
  :: looks < LOOKS -> looks++;
#else
  :: true ->
#endif
     STEP(seen = offer[CHANNEL(k)]);
     if
     :: laid && seen == mine -> seen = 0
     :: laid && seen != mine -> seen = 0; offerEnd(k); break
     :: !laid && seen == NONE ->
#if BROKEN == 2
        STEP(d_step { lay(k); laid = true })
#else
        STEP(d_step { laid = (offer[CHANNEL(k)] == NONE); if :: laid -> lay(k) :: else fi })
#endif
     :: !laid && seen != NONE -> offerTake(k); if :: done -> break :: else fi
     fi
  :: true -> break
  od;
  if
  :: laid && !done ->
#if BROKEN == 1
     STEP(offer[CHANNEL(k)] = NONE)
#else
     STEP(d_step { got = (offer[CHANNEL(k)] == mine); if :: got -> offer[CHANNEL(k)] = NONE :: else fi });
     if :: got -> got = false :: else -> offerEnd(k) fi
#endif
  :: else
  fi;
  atomic { laid = false; looks = 0; mine = 0 }
}

#if BROKEN == 14
#define IS_FOR(offer, k) ((offer) != NONE)
#else
#define IS_FOR(offer, k) IS_LAID(offer, SENDS(OPPOSITE(k)))
#endif

/* rendezvousLook: leaves k in `match` if this operation has to claim there. */
inline look(k) {
  if
  :: k != NO_CASE && match == NO_CASE ->
     STEP(got = closed[CHANNEL(k)]);
     if :: got -> got = false; match = k :: else fi;
#ifndef UNSEEN
     if
     :: match == NO_CASE -> STEP(got = IS_FOR(offer[CHANNEL(k)], k)); if :: got -> got = false; match = k :: else fi
     :: else
     fi;
#endif
     do
     :: u == OPERATIONS || match != NO_CASE -> break
     :: else ->
        if
        :: u != me ->
           STEP(d_step { got = IS_OPEN(u, OPPOSITE(k)); junior = got && thread[u] > thread[me] });
           if :: junior -> junior = false; STEP(poked[u] = true) :: got && !junior -> match = k :: else fi;
           got = false
        :: else
        fi; u++
     od; u = 0
  :: else
  fi
}

inline tokenTaken() { k = takenCase[me]; answer = takenWord[me]; done = true }

/* A try only tries. `before`: whose number its thread uses again, if anybody's. */
proctype Operation(byte me, A, B; bool isTry; byte before) {
  byte k, u, i, answer, match = NO_CASE, looks, offers; short seen, mine; bool done, ended, got, laid, posted, junior, second, wasOffered;
end_unborn:
#if BROKEN == 13
  atomic { before == NOBODY || gone[before] -> late[me] = closed[0] };
#else
  atomic { before == NOBODY || (reaped & BIT(before)) -> late[me] = closed[0] };
#endif
trying:                                    /* trySend, tryReceive; a select's cases in any order */
  atomic { second = false; if :: k = A :: B != NO_CASE -> k = B fi };
one:
  attempt(k);
  if
  :: done || ended -> goto over_
  :: !done && !ended && posted -> STEP(state[me] = OPEN); goto again
  :: !done && !ended && !posted && B != NO_CASE && !second -> atomic { second = true; k = A + B - k }; goto one
  :: else
  fi;
  if
  :: isTry -> goto over_
#ifdef OFFERS
  :: !isTry && offers < OFFERS -> offers++
#else
  :: !isTry
#endif
  :: !isTry -> goto park                   /* its patience is over, or there was none */
  fi;
  atomic {
    if :: k = A :: B != NO_CASE -> k = B fi;
    mine = OFFER(thread[me], LAID, SENDS(k), WORD(me, k));
    if :: SENDS(k) -> make(WORD(me, k)) :: else fi
  };
  offerWait(k);
  wasOffered = true;
  if
  :: done -> goto over_
  :: !done && B == NO_CASE -> goto post    /* what is costly to pack is packed once: parkSender has made the word for both */
  :: !done
  fi;
  atomic { if :: SENDS(k) -> free(WORD(me, k)) :: else fi; if :: B != NO_CASE -> goto trying :: goto park fi };
park:
  atomic {
    if :: SENDS(A) -> make(WORD(me, A)) :: else fi;
    if :: SENDS(B) -> make(WORD(me, B)) :: else fi
  };
post:
  posted = true;
  STEP(state[me] = BUSY);                  /* tokenCreate, tokenPost */
  STEP(state[me] = OPEN);                  /* tokenOpen */
#if BROKEN == 6
  if :: wasOffered -> goto sleep :: else fi;
#endif
again:
  look(A); look(B);
  if
  :: match != NO_CASE ->
     atomic { k = match; match = NO_CASE };
     STEP(d_step { if :: state[me] == OPEN -> state[me] = BUSY; leaveOpen(me) :: else -> tokenTaken() fi });     /* tokenHold */
     if :: done -> goto over_ :: else -> goto one fi
  :: else
  fi;
sleep:
end_asleep:
  if
  :: atomic { poked[me] -> poked[me] = false }
  :: DIE_HERE
  fi;
  STEP(d_step { if :: state[me] == TAKEN -> tokenTaken() :: else fi });
  if :: done -> goto over_ :: else -> goto again fi;
over_:
  if :: posted -> STEP(state[me] = FREE) :: else fi;      /* tokenFree: before any word of its cases is touched */
  STEP(d_step {
    if
    :: done ->
       assert(committed[me] == k);
       if :: SENDS(k) -> skip :: else -> assert(answer == WORD(partner[me], OPPOSITE(k))); free(answer) fi
    :: else -> assert(committed[me] == NO_CASE); if :: ended && !posted && SENDS(k) -> free(WORD(me, k)) :: else fi
    fi;
    if :: posted && SENDS(A) && A != committed[me] -> free(WORD(me, A)) :: else fi;
    if :: posted && SENDS(B) && B != committed[me] -> free(WORD(me, B)) :: else fi });
  goto out;
dead:
  atomic {
    gone[me] = true; unreaped = unreaped | BIT(me);
    leaky[me] = state[me] != OPEN && state[me] != TAKEN && !(laid && offer[CHANNEL(k)] != NONE && offerer[CHANNEL(k)] == me)
  };
out:
  atomic {
    k = 0; u = 0; i = 0; answer = 0; match = NO_CASE; looks = 0; offers = 0; seen = 0; mine = 0; openAll[me] = 0;
    done = false; ended = false; got = false; laid = false; junior = false; posted = false; second = false; wasOffered = false
  }
}

/* threadReap */
proctype Reaper() {
  byte who, c, i; short seen; bool got;
end_reap:
  do
  :: atomic { unreaped != 0 -> do :: unreaped & BIT(who) -> break :: else -> who++ od; unreaped = unreaped & ~BIT(who) };
     d_step { got = (state[who] == OPEN); if :: got -> state[who] = BUSY; leaveOpen(who) :: else fi };          /* tokenReap */
     d_step {
       if
       :: got || state[who] == TAKEN ->
          for (i : 2 * who .. 2 * who + 1) { if :: SENDS(cases[i]) && (got || cases[i] != takenCase[who]) -> free(WORD(who, cases[i])) :: else fi }
          if :: !got && !SENDS(takenCase[who]) -> free(takenWord[who]) :: else fi
       :: else                             /* BUSY, or just being freed: its words are leaked */
       fi; state[who] = FREE; got = false; i = 0
     };
     do                                    /* offerReap, on each channel */
     :: c == CHANNELS -> break
     :: else ->
#if BROKEN != 8
again: seen = offer[c];
        if
#if BROKEN == 11
        :: seen != NONE ->
#else
        :: seen != NONE && THREAD_OF(seen) == thread[who] ->
#endif
#if BROKEN == 9
           offer[c] = NONE;
#else
           CAS(got, offer[c], seen, NONE);
           if :: got -> got = false :: else -> goto again fi;
#endif
           if
#if BROKEN == 10
           :: VALUE_OF(seen) != 0 -> d_step { free(VALUE_OF(seen)) }
#elif BROKEN == 12
           :: IS_LAID(seen, 1) -> d_step { free(VALUE_OF(seen)) }
#else
           :: IS_LAID(seen, 1) || IS_GIVEN(seen) -> d_step { free(VALUE_OF(seen)) }
#endif
           :: else
           fi
        :: else
        fi; seen = 0;
#endif
        c++
     od; c = 0;
     do :: c < OPERATIONS -> poked[c] = true; c++ :: else -> break od;     /* tellEverybody */
     atomic { reaped = reaped | BIT(who); c = 0; who = 0 }
  od
}

#ifdef CLOSE
proctype Closer() {
  byte u;
  closed[0] = true;                        /* rendezvousClose */
  do :: u < OPERATIONS -> if :: state[u] != FREE -> poked[u] = true :: else fi; u++ :: else -> break od
}
#endif

#define PARKED(o) (!gone[o] && state[o] == OPEN)
proctype Monitor() {
  byte a, b, k, whose;
  timeout -> d_step {
    for (k : 0 .. CHANNELS - 1) { assert(offer[k] == NONE) }
    for (a : 0 .. OPERATIONS - 1) {
      assert(gone[a] || state[a] != TAKEN);
      for (k : 0 .. 2 * CHANNELS - 1) {
        if
        :: HAS(a, k) ->
           if
           :: PARKED(a) -> assert(!closed[CHANNEL(k)]); for (b : 0 .. OPERATIONS - 1) { assert(a == b || !(PARKED(b) && HAS(b, OPPOSITE(k)))) }
           :: else
           fi;
           whose = (committed[a] == k -> partner[a] : a);
           assert(!live[WORD(a, k)] || PARKED(whose) || (gone[whose] && leaky[whose]))
        :: else
        fi
      }
    }
  }
}

inline start(o, number, first, other, isTry, before) {
  if :: o < OPERATIONS -> cases[2 * o] = first; cases[2 * o + 1] = other; thread[o] = number; run Operation(o, first, other, isTry, before) :: else fi
}
#define operation(o, first, other) start(o, o, first, other, false, NOBODY)
#define try(o, first) start(o, o, first, NO_CASE, true, NOBODY)
#define successor(o, before, first) start(o, before, first, NO_CASE, false, before)

init {
  atomic {
    CHOOSE_DEATHS;
#if SCENARIO == 1      /* two senders and a receiver */
    operation(0, SX, NO_CASE); operation(1, RX, NO_CASE); operation(2, SX, NO_CASE);
#elif SCENARIO == 2    /* a sender and two receivers */
    operation(0, RX, NO_CASE); operation(1, SX, NO_CASE); operation(2, RX, NO_CASE);
#elif SCENARIO == 3    /* a sender, a receiver, and a try to send */
    operation(0, SX, NO_CASE); operation(1, RX, NO_CASE); try(2, SX);
#elif SCENARIO == 4    /* a sender, a receiver, and a try to receive */
    operation(0, RX, NO_CASE); operation(1, SX, NO_CASE); try(2, RX);
#elif SCENARIO == 5    /* crossing selects, and a receiver */
    operation(0, SX, RY); operation(1, RX, SY); operation(2, RX, NO_CASE);
#elif SCENARIO == 6    /* a sender and a receiver; when the sender has died, another one with its number */
    operation(0, SX, NO_CASE); operation(1, RX, NO_CASE); successor(2, 0, SX);
#elif SCENARIO == 7    /* the same with receivers */
    operation(0, RX, NO_CASE); operation(1, SX, NO_CASE); successor(2, 0, RX);
#elif SCENARIO == 8    /* a sender, a receiver, and a try of each: OPERATIONS=4 */
    operation(0, SX, NO_CASE); operation(1, RX, NO_CASE); try(2, SX); try(3, RX);
#elif SCENARIO == 9    /* a select that sends, and a receiver for each of its cases */
    operation(0, RX, NO_CASE); operation(1, SX, SY); operation(2, RY, NO_CASE);
#elif SCENARIO == 10   /* two selects that can meet in one way only, and a sender */
    operation(0, RX, RY); operation(1, SX, NO_CASE); operation(2, RX, SY);
#endif
    run Reaper();
#ifdef CLOSE
    run Closer();
#endif
    run Monitor()
  }
}
