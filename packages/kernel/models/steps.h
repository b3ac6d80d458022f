/* What all models have in common.

   Memory is sequentially consistent, as WebAssembly's atomics are: every shared access is one STEP, and the steps
   of all threads interleave in every possible way. What a thread keeps to itself happens between two steps.

   A thread may die before any of its steps: it stops for ever, at the label `dead` of its process. At most DEATHS
   threads die in a run; each smaller number is tried as well, so that a death never hides what goes wrong without it.

   BROKEN=n leaves one rule of the protocol out. Each model says which; verify.mjs checks that each is refuted. */
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef BROKEN
#define BROKEN 0
#endif

byte deathsLeft = 0;

#define STEP(access) atomic { if :: deathsLeft > 0 -> deathsLeft--; goto dead :: true -> access fi }

/* A compare-and-swap is one STEP around it. Where a thread waits, it may die as well. */
#define CAS(won, word, expected, value) d_step { won = ((word) == (expected)); if :: won -> word = value :: else fi }
#define DIE_HERE atomic { deathsLeft > 0 -> deathsLeft--; goto dead }

#define CHOOSE_DEATHS if :: deathsLeft = 0 :: DEATHS >= 1 -> deathsLeft = 1 :: DEATHS >= 2 -> deathsLeft = 2 fi
