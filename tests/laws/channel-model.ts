// Go's channels and select as a model: slow, and obviously right. model.laws.ts compares.

export type Outcome =
  | { took: unknown }
  | { end: true }
  | { sent: true }
  | { failed: string }
  | { hit: number; of: Outcome }

export interface Case {
  readonly channel: ModelChannel
  readonly sends: boolean
  readonly value: number
}

export class ModelChannel {
  readonly buffer: number[] = []
  readonly receivers: [Operation, number][] = []
  readonly senders: [Operation, number][] = []
  closed = false
  readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  isReady({ sends }: Case): boolean {
    if (this.closed) return true
    return sends
      ? this.receivers.length > 0 || this.buffer.length < this.capacity
      : this.buffer.length > 0 || this.senders.length > 0
  }

  /** Does a case that is ready. */
  act({ sends, value }: Case): Outcome {
    if (sends) {
      if (this.closed) return { failed: 'ERR_CHAN_CLOSED' }
      const receiver = this.receivers[0]
      if (receiver) receiver[0].commit(receiver[1], { took: value })
      else this.buffer.push(value)
      return { sent: true }
    }
    const sender = this.senders[0]
    if (sender) {
      this.buffer.push(sender[0].cases[sender[1]]!.value)
      sender[0].commit(sender[1], { sent: true })
    }
    return this.buffer.length > 0 ? { took: this.buffer.shift() } : { end: true }
  }

  close(): void {
    this.closed = true
    while (this.receivers[0]) this.receivers[0][0].commit(this.receivers[0][1], { end: true })
    while (this.senders[0]) this.senders[0][0].fail('ERR_CHAN_CLOSED')
  }
}

/** A send, a receive or a select, that the model and the real channels both do. */
export class Operation {
  readonly cases: readonly Case[]
  readonly isSelect: boolean
  expected: Outcome | undefined
  actual: Outcome | undefined
  readonly controller = new AbortController()

  constructor(cases: readonly Case[], isSelect: boolean) {
    this.cases = cases
    this.isSelect = isSelect
  }

  park(): void {
    for (const [i, { channel, sends }] of this.cases.entries()) {
      channel[sends ? 'senders' : 'receivers'].push([this, i])
    }
  }

  #leave(): void {
    for (const { channel } of this.cases) {
      for (const queue of [channel.receivers, channel.senders]) {
        for (let i = queue.length - 1; i >= 0; i--) if (queue[i]![0] === this) queue.splice(i, 1)
      }
    }
  }

  commit(index: number, outcome: Outcome): void {
    this.#leave()
    this.expected = this.isSelect && !('failed' in outcome) ? { hit: index, of: outcome } : outcome
  }

  fail(code: string): void {
    this.#leave()
    this.expected = { failed: code }
  }
}
