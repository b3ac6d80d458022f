import { type Chan, select, send, trySelect } from '@millrace/core'
import { type Case, ModelChannel, Operation, type Outcome } from './channel-model.js'
import { equal, fail, ok, randomFrom, range, show, turn } from './expect.js'
import type { Law, World } from './law.js'

// Thousands of random operations must answer as the model of channel-model.ts does.

class Comparison {
  readonly #random: (n: number) => number
  readonly #real: Chan<number>[]
  readonly #model: ModelChannel[]
  readonly #parked: Operation[] = []
  readonly #log: string[] = []
  #next = 0

  constructor(real: Chan<number>[], random: (n: number) => number) {
    this.#real = real
    this.#random = random
    this.#model = real.map(channel => new ModelChannel(channel.capacity))
  }

  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      try {
        await this.#step()
        if (this.#random(3) === 0) await this.#compare()
      } catch (error) {
        fail(`${(error as Error).message}, after ${this.#log.slice(-12).join('; ')}`)
      }
    }
    await this.#compare()
  }

  #randomCase(): Case {
    return {
      channel: this.#model[this.#random(this.#model.length)]!,
      sends: this.#random(2) === 0,
      value: this.#next++,
    }
  }

  #realOf(channel: ModelChannel): Chan<number> {
    return this.#real[this.#model.indexOf(channel)]!
  }

  async #step(): Promise<void> {
    const kind = this.#random(100)
    if (kind < 2) return this.#close(this.#random(this.#model.length))
    if (kind < 14) return this.#cancel()
    const isSelect = kind < 50
    const cases = range(isSelect ? 1 + this.#random(4) : 1).map(() => this.#randomCase())
    const tries = this.#random(3) === 0
    const words = cases.map(
      ({ channel, sends, value }) =>
        `${sends ? `send ${value} to` : 'receive from'} ${this.#model.indexOf(channel)}`,
    )
    this.#log.push(`${tries ? 'try' : ''}${isSelect ? 'select' : ''} ${words.join(', ')}`)
    if (tries) this.#try(cases, isSelect)
    else await this.#do(new Operation(cases, isSelect))
  }

  #close(i: number): void {
    this.#log.push(`close ${i}`)
    if (this.#model[i]!.closed) {
      try {
        this.#real[i]!.close()
      } catch {
        return
      }
      fail('a channel was closed twice')
    }
    this.#real[i]!.close()
    this.#model[i]!.close()
  }

  #cancel(): void {
    const waiting = this.#parked.filter(operation => !operation.expected)
    const operation = waiting[this.#random(waiting.length)]
    if (!operation) return
    this.#log.push('cancel')
    operation.controller.abort('canceled')
    operation.fail('canceled')
  }

  #try(cases: readonly Case[], isSelect: boolean): void {
    const ready = cases.flatMap((each, i) => (each.channel.isReady(each) ? [i] : []))
    let actual: Outcome | undefined
    try {
      actual = isSelect ? this.#trySelect(cases) : this.#trySingle(cases[0]!)
    } catch (error) {
      actual = { failed: (error as { code: string }).code }
    }
    this.#checkReady(new Operation(cases, isSelect), ready, actual)
  }

  #trySelect(cases: readonly Case[]): Outcome | undefined {
    const hit = trySelect(this.#casesOf(cases))
    return hit && { hit: hit.case, of: this.#of(cases[hit.case]!, hit) }
  }

  #trySingle({ channel, sends, value }: Case): Outcome | undefined {
    const real = this.#realOf(channel)
    if (sends) return real.trySend(value) ? { sent: true } : undefined
    const received = real.tryReceiveOk()
    return received && (received.ok ? { took: received.value } : { end: true })
  }

  /** Something was ready, or nothing: the real answer must be one that the model could give, and the model follows it. */
  #checkReady(operation: Operation, ready: number[], actual: Outcome | undefined): void {
    const { cases } = operation
    if (ready.length === 0 || !actual) {
      equal(
        actual,
        ready.length === 0 ? undefined : 'something',
        `the answer, with ${ready.length} cases ready`,
      )
      return
    }
    let index = ready[0]!
    if ('hit' in actual) index = actual.hit
    else if ('failed' in actual) index = ready.find(i => cases[i]!.sends && cases[i]!.channel.closed) ?? -1
    ok(ready.includes(index), `case ${index} was chosen, and only ${show(ready)} were ready`)
    const outcome = cases[index]!.channel.act(cases[index]!)
    operation.commit(index, outcome)
    equal(actual, operation.expected, 'the answer')
  }

  #casesOf(cases: readonly Case[]) {
    return cases.map(({ channel, sends, value }) => {
      const real = this.#realOf(channel)
      return sends ? send(real, value) : real
    })
  }

  #of({ sends }: Case, { value, ok }: { value: unknown; ok: boolean }): Outcome {
    return sends ? { sent: true } : ok ? { took: value } : { end: true }
  }

  async #do(operation: Operation): Promise<void> {
    const { cases, isSelect } = operation
    const ready = cases.flatMap((each, i) => (each.channel.isReady(each) ? [i] : []))
    const running = this.#start(operation).then(
      outcome => {
        operation.actual = outcome
      },
      error => {
        operation.actual = { failed: error === 'canceled' ? error : (error as { code: string }).code }
      },
    )
    if (ready.length > 0) {
      await running
      this.#checkReady(new Operation(cases, isSelect), ready, operation.actual)
      return
    }
    operation.park()
    this.#parked.push(operation)
  }

  async #start({ cases, isSelect, controller }: Operation): Promise<Outcome> {
    const options = this.#random(4) === 0 ? undefined : { signal: controller.signal }
    // Without options it cannot be canceled: the signal is watched beside it.
    if (isSelect) {
      const hit = await select(this.#casesOf(cases), options ?? { signal: controller.signal })
      return { hit: hit.case, of: this.#of(cases[hit.case]!, hit) }
    }
    const { channel, sends, value } = cases[0]!
    const real = this.#realOf(channel)
    const signal = { signal: controller.signal }
    if (sends) {
      await real.send(value, signal)
      return { sent: true }
    }
    if (this.#random(2) === 0) {
      const received = await real.receiveOk(signal)
      return received.ok ? { took: received.value } : { end: true }
    }
    const [taken] = await real.receiveMany(1, signal)
    return taken === undefined ? { end: true } : { took: taken }
  }

  async #compare(): Promise<void> {
    await turn()
    for (let i = this.#parked.length - 1; i >= 0; i--) {
      const { expected, actual } = this.#parked[i]!
      equal(actual, expected, 'what a parked operation came to')
      if (expected) this.#parked.splice(i, 1)
    }
    for (const [i, { buffer, closed }] of this.#model.entries()) {
      equal(
        [this.#real[i]!.length, this.#real[i]!.closed],
        [buffer.length, closed],
        `length and closed of channel ${i}`,
      )
    }
  }
}

async function compare(world: World, seed: number, capacities: number[]): Promise<void> {
  const random = randomFrom(seed)
  for (let round = 0; round < 25; round++) {
    const real = await Promise.all(capacities.map(capacity => world.chan<number>(capacity)))
    try {
      await new Comparison(real, random).run(120)
    } catch (error) {
      fail(`seed ${seed}, round ${round}: ${(error as Error).message}`)
    }
  }
}

/** Rules 4 to 10, 19, 22 to 27 and 104 together. */
export const modelLaws: Law[] = [
  ...[1, 2, 3].map(
    (seed): Law => ({
      name: `random operations on buffered channels answer as the model does (seed ${seed})`,
      rule: 22,
      run: world => compare(world, seed, [1, 2, 3]),
    }),
  ),
  ...[4, 5].map(
    (seed): Law => ({
      name: `random operations on buffered and unbuffered channels answer as the model does (seed ${seed})`,
      rule: 22,
      run: world => compare(world, seed, [0, 0, 1, 2]),
    }),
  ),
]
