/* A read-write lock over several threads: a word with the writer, a bit for each thread that reads (how many of its goroutines do is
   the thread's own affair), and tickets as in parking.pml, one set for readers and one for writers. A reader sets its bit and
   then looks for a writer; a writer puts itself into the word and then waits until no live thread reads. A dead
   reader is masked by `alive`, a dead writer taken over. The writer that waits for readers is poked by name: its number is in the
   word. A poke is one bit (mailbox.pml).

   W1  while one thread writes no other live one reads or writes
   W2  when nothing moves any more, every live thread has had the lock and given it back

   BROKEN=1  a reader does not look for a writer after setting its bit
   BROKEN=2  the last reader does not tell the writer
   BROKEN=3  a reader that backs off does not tell the writer, which may have seen its bit
   BROKEN=4  the writer is told by a ticket, which another writer, still queued, may hold */
#include "steps.h"
#ifndef READERS
#define READERS 2
#endif
#ifndef WRITERS
#define WRITERS 1
#endif
#define THREADS (READERS + WRITERS)
#define BIT(t) (1 << (t))
byte writer, readers, alive = BIT(THREADS)-1, interest[2];
bool poked[THREADS], gone[THREADS], reads[THREADS], writes[THREADS], over[THREADS];
byte unreaped;
#define WRITER_FREE (writer == 0 || !(alive & BIT(writer - 1)))
inline wake(direction, all) {
    do
    :: STEP(m = interest[direction] & alive);
       if :: m == 0 -> break :: else fi;
       if :: (m & 1) -> u = 0 :: (m & 2) -> u = 1 :: (m & 4) -> u = 2 :: (m & 8) -> u = 3 fi;
       STEP(d_step { got = (interest[direction] & BIT(u)) != 0; interest[direction] = interest[direction] & ~BIT(u) });
       if :: got -> STEP(poked[u] = 1); if :: all -> skip :: else -> break fi :: else fi
    od; m = 0; u = 0; got = 0
}
inline pokeWriter() {
#if BROKEN == 4
    wake(1, 0)
#else
    STEP(u = writer);
    if :: u != 0 -> STEP(poked[u-1] = 1) :: else fi; u = 0
#endif
}
proctype Reader(byte me) { byte m, u; bool got, ok;
again: 
  STEP(readers = readers | BIT(me));
#if BROKEN != 1
  STEP(ok = WRITER_FREE);
  if :: !ok -> STEP(readers = readers & ~BIT(me));         /* back off */
#if BROKEN != 3
               pokeWriter();                                 /* it may have seen our bit */
#endif
               STEP(interest[0] = interest[0] | BIT(me));
               STEP(ok = WRITER_FREE);
               if :: ok -> goto again :: else fi;
end_p:         if :: poked[me] -> STEP(poked[me] = 0); goto again
                  :: DIE_HERE fi
     :: else fi;
#endif
  reads[me] = 1; for (u : 0 .. THREADS - 1) { assert(!writes[u] || gone[u]) } u = 0;
  STEP(reads[me] = 0; readers = readers & ~BIT(me));           /* unlock: last local reader */
#if BROKEN != 2
  pokeWriter();
#endif
  over[me] = 1;
end_r: do :: poked[me] -> poked[me] = 0; 
            STEP(ok = WRITER_FREE); if :: ok -> wake(0, 0) :: else fi od;  /* pass the baton */
dead: atomic { gone[me] = 1; unreaped = unreaped | BIT(me); m = 0; u = 0; got = 0; ok = 0 }
}
proctype Writer(byte me) { byte m, u; bool got, ok;
again: STEP(d_step { ok = WRITER_FREE; if :: ok -> writer = me + 1 :: else fi });
  if :: !ok -> STEP(interest[1] = interest[1] | BIT(me)); STEP(ok = WRITER_FREE);
               if :: ok -> goto again :: else fi;
end_p:         if :: poked[me] -> STEP(poked[me] = 0); goto again
                  :: DIE_HERE fi
     :: else fi;
drain: STEP(ok = ((readers & alive) == 0));
  if :: !ok ->
#if BROKEN == 4
               STEP(interest[1] = interest[1] | BIT(me)); STEP(ok = ((readers & alive) == 0));
               if :: ok -> goto drain :: else fi;
#endif
end_q:         if :: poked[me] -> STEP(poked[me] = 0); goto drain
                  :: DIE_HERE fi
     :: else fi;
  atomic { writes[me] = 1; for (u : 0 .. THREADS - 1) { assert(u == me || gone[u] || (!writes[u] && !reads[u])) } u = 0 };
  STEP(writes[me] = 0; writer = 0);
  wake(0, 1); wake(1, 0);
  over[me] = 1;
end_w: do :: poked[me] -> poked[me] = 0; STEP(ok = WRITER_FREE); if :: ok -> wake(1, 0); wake(0, 1) 
                                                           :: else -> wake(1, 0) fi od;
dead: atomic { gone[me] = 1; unreaped = unreaped | BIT(me); m = 0; u = 0; got = 0; ok = 0 }
}
proctype Reaper() {
  byte who, u;
end_reap:
  do
  :: atomic { unreaped != 0 -> who = 0; do :: unreaped & BIT(who) -> break :: else -> who++ od; unreaped = unreaped & ~BIT(who); u = 0 };
     alive = alive & ~BIT(who);
     do :: u < THREADS -> poked[u] = 1; u++ :: else -> break od; u = 0;
     who = 0
  od
}
proctype Monitor() { byte t; timeout -> d_step { for (t : 0 .. THREADS - 1) { assert(gone[t] || over[t]) } } }
init { byte i; atomic { CHOOSE_DEATHS;
   for (i : 0 .. READERS - 1) { run Reader(i) }; for (i : READERS .. THREADS - 1) { run Writer(i) }; run Reaper(); run Monitor() } }
