// Compiled with the tests and never run: what users get without writing a type.

import {
  type Chan,
  chan,
  go,
  parallel,
  type ReceiveChan,
  type SendChan,
  select,
  send,
  trySelect,
} from '@millrace/core'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const check = <T extends true>(): T | undefined => undefined

export async function channels(words: Chan<string>): Promise<void> {
  const word = await words.receive()
  check<Equal<typeof word, string | undefined>>()
  const received = await words.receiveOk()
  if (received.ok) check<Equal<typeof received.value, string>>()
  else check<Equal<typeof received.value, undefined>>()
  for await (const each of words) check<Equal<typeof each, string>>()
  const many = await words.receiveMany(3)
  check<Equal<typeof many, string[]>>()

  const receiving: ReceiveChan<string> = words
  const sending: SendChan<string> = words
  // @ts-expect-error closing is the sender's right
  receiving.close()
  // @ts-expect-error a sender cannot receive
  sending.receive()
  // @ts-expect-error not a string
  words.send(1)
  // @ts-expect-error a receiving side does not become a channel again
  const whole: Chan<string> = receiving
  void whole
}

export async function selects(
  inbox: Chan<number>,
  outbox: Chan<string>,
  quit: ReceiveChan<never> | null,
): Promise<void> {
  const hit = await select({ message: inbox, sent: send(outbox, 'hello'), quit })
  check<Equal<typeof hit.case, 'message' | 'sent' | 'quit'>>()
  switch (hit.case) {
    case 'message':
      if (hit.ok) check<Equal<typeof hit.value, number>>()
      break
    case 'sent':
      check<Equal<typeof hit.value, undefined>>()
      break
    case 'quit':
      check<Equal<typeof hit.ok, boolean>>()
  }
  const listed = await select([inbox, outbox])
  if (listed.case === 0 && listed.ok) check<Equal<typeof listed.value, number>>()
  if (listed.case === 1 && listed.ok) check<Equal<typeof listed.value, string>>()
  const channels: ReceiveChan<number>[] = [inbox]
  const dynamic = await select(channels)
  check<Equal<typeof dynamic.case, number>>()
  if (dynamic.ok) check<Equal<typeof dynamic.value, number>>()
  const tried = trySelect({ inbox })
  if (tried) check<Equal<typeof tried.case, 'inbox'>>()
  // @ts-expect-error not a string
  send(outbox, 1)
  // @ts-expect-error not a channel
  void select({ wrong: 7 })
}

export async function goroutines(): Promise<void> {
  const sum = await go(async (a: number, b: number) => a + b, 1, 2)
  check<Equal<typeof sum, number>>()
  const square = parallel(import.meta.url, async function square(n: number, into: SendChan<number>) {
    await into.send(n * n)
    return n
  })
  const result = await go(square, 3, chan<number>(1))
  check<Equal<typeof result, number>>()
  // @ts-expect-error an argument is missing
  void go(square, 3)
  // @ts-expect-error not a number
  void go(square, 'three', chan<number>(1))
}
