// A pipeline: each stage is a goroutine that receives from the stage before it, sends to the next, and closes its channel
// when it is done. Closing runs through the pipeline like the values, and ends every loop.

import { chan, go, main, type ReceiveChan } from '@millrace/core'

function generate(...numbers: number[]): ReceiveChan<number> {
  const out = chan<number>()
  go(async () => {
    for (const n of numbers) await out.send(n)
    out.close()
  })
  return out
}

function square(source: ReceiveChan<number>): ReceiveChan<number> {
  const out = chan<number>()
  go(async () => {
    for await (const n of source) await out.send(n * n)
    out.close()
  })
  return out
}

main(async () => {
  for await (const n of square(generate(2, 3, 5, 7))) console.log(n)

  // A stage takes a channel and returns one, so stages compose like functions.
  for await (const n of square(square(generate(2, 3)))) console.log(n)
})
