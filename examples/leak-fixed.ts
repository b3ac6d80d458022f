// A goroutine that waits for somebody who will never come is a leak: it keeps its memory for as long as the channel is known.
// The cure is to tell it when nobody is interested any more, with a context.

import {
  background,
  type Context,
  chan,
  go,
  main,
  type ReceiveChan,
  runtime,
  select,
  send,
  withCancel,
} from '@millrace/core'

function leaky(): ReceiveChan<number> {
  const numbers = chan<number>()
  go(async () => {
    for (let n = 1; ; n++) await numbers.send(n) // waits for ever once nobody receives
  })
  return numbers
}

function fixed(ctx: Context): ReceiveChan<number> {
  const numbers = chan<number>()
  go(async () => {
    for (let n = 1; ; n++) {
      const next = await select({ sent: send(numbers, n), done: ctx.done() })
      if (next.case === 'done') return
    }
  })
  return numbers
}

async function takeThree(numbers: ReceiveChan<number>): Promise<void> {
  for await (const n of numbers) if (n === 3) break
}

main(async () => {
  console.log(`at first:      ${runtime.numGoroutine()} goroutine, main`)

  await takeThree(leaky())
  console.log(`after leaky(): ${runtime.numGoroutine()} goroutines`)

  const [ctx, cancel] = withCancel(background())
  await takeThree(fixed(ctx))
  cancel()
  await runtime.gosched()
  console.log(`after fixed(): ${runtime.numGoroutine()} goroutines, none more`)
})
