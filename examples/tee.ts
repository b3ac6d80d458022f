// One stream for two readers: `tee` gives each of them every value, and `orDone` makes a plain channel end with a context.

import { background, chan, go, main, withCancel } from '@millrace/core'
import { generate, map, orDone, pipeline, tee } from '@millrace/patterns'

async function sum(values: AsyncIterable<number>): Promise<number> {
  let total = 0
  for await (const value of values) total += value
  return total
}

main(async () => {
  const [plain, squared] = tee(generate([1, 2, 3, 4]), 2)
  const squares = pipeline(
    background(),
    squared,
    map(n => n * n),
  )
  // Both at the same time: neither gets ahead of the other.
  const [a, b] = await Promise.all([sum(plain), sum(squares)])
  console.log(`the numbers add up to ${a}, their squares to ${b}`)

  const [ctx, cancel] = withCancel(background())
  const ticks = chan<number>()
  const listening = go(async () => {
    let count = 0
    for await (const _ of orDone(ctx, ticks)) if (++count === 3) cancel()
    return count
  })
  go(async () => {
    for (let i = 0; !ctx.err(); i++) await ticks.send(i, ctx).catch(() => {})
  })
  console.log(`${await listening} ticks, and nobody closed the channel: closed is ${ticks.closed}`)
})
