// The pipeline pattern: stages joined by channels, one of them on threads of the pool. The source is endless; nothing runs ahead
// further than somebody receives, and leaving the loop at the end stops everything.

import { background, main, parallel } from '@millrace/core'
import { batch, filter, generate, map, PipelineError, pipeline, take, tap } from '@millrace/patterns'

/** The longest way that the Collatz sequence takes from a number of digits like these to 1. */
export const steps = parallel(import.meta.url, function steps(n: number) {
  let count = 0
  for (let m = n; m !== 1; count++) m = m % 2 === 0 ? m / 2 : 3 * m + 1
  return { n, count }
})

export const fragile = parallel(import.meta.url, function fragile(n: number) {
  if (n === 5) throw new Error('cannot do 5')
  return n
})

function* numbers() {
  for (let n = 1; ; n++) yield n
}

main(async () => {
  let seen = 0
  const records = pipeline(
    background(),
    generate(numbers()),
    map(steps, { workers: 4 }), // on four threads, in the order of the numbers
    filter(({ count }) => count >= 110),
    tap(() => {
      seen++
    }),
    batch(3),
    take(2),
  )
  for await (const group of records) {
    console.log(group.map(({ n, count }) => `${n} takes ${count} steps`).join(', '))
  }
  console.log(`${seen >= 6 ? 'at least six' : seen} were found`)

  try {
    for await (const _ of pipeline(background(), generate(numbers()), map(fragile, { workers: 2 })));
  } catch (error) {
    if (error instanceof PipelineError) console.log(`stage ${error.stage}: ${(error.cause as Error).message}`)
  }
})
