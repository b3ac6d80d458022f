import { currentThread, type Message, type Thread } from '@millrace/kernel'
import type { Contents } from './contents.js'
import type { Carried, Departure } from './departure.js'
import type { LocalMedium } from './local-medium.js'
import type { SharedMemoryMedium } from './shared-memory-medium.js'
import type { Waiter } from './wait-queue.js'

/** What a local channel holds, as words. */
export interface Packed {
  /** The buffered values, the oldest first. */
  readonly words: readonly number[]
  readonly waiting: readonly (readonly [sender: Waiter, word: number])[]
}

/** How a local channel becomes one that several threads know: its record, which others can name at once, is empty until it moves. */
export class DepartingToMemory implements Departure, Packed {
  readonly words: number[] = []
  readonly waiting: [Waiter, number][] = []
  readonly medium: SharedMemoryMedium
  readonly #thread: Thread
  readonly #channel: Carried
  readonly #local: LocalMedium

  constructor(channel: Carried, local: LocalMedium, empty: (thread: Thread) => SharedMemoryMedium) {
    this.#thread = currentThread()
    this.#channel = channel
    this.#local = local
    this.medium = empty(this.#thread)
  }

  pack({ values, senders }: Contents, message: Message): void {
    const { words, waiting } = this
    const toWord = (value: unknown, place: string) =>
      this.#local.element.toWord(this.#thread, value, place, message)
    for (const value of values) words.push(toWord(value, `.buffer[${words.length}]`))
    for (const sender of senders) waiting.push([sender, toWord(sender.value, `.senders[${waiting.length}]`)])
  }

  undo(): void {
    const { element } = this.#local
    for (const word of this.words) element.drop(this.#thread, word)
    for (const [, word] of this.waiting) element.drop(this.#thread, word)
    const { kernel, id } = this.#thread
    kernel.referenceRelease(id, this.medium.address, id)
  }

  move(): void {
    this.#channel.medium = this.medium
    this.#local.successor = this.medium
    this.medium.keep(this.#channel)
    this.medium.moveIn(this.#local, this)
  }
}
