import type { Chan } from '@millrace/core'
import { close, type Subscriber } from './subscriber.js'
import { patternNames, TopicTree } from './topics.js'

/** Who gets what, as far as this thread knows. */
export class SubscriberTable<T> {
  readonly #tree = new TopicTree<Subscriber<T>>()
  readonly #subscribers = new Map<object, Subscriber<T>>()

  get size(): number {
    return this.#subscribers.size
  }

  get all(): Subscriber<T>[] {
    return [...this.#subscribers.values()]
  }

  /** Adds a subscriber, unless it is there already, or has gone. */
  add(subscriber: Subscriber<T>): void {
    const { channel, pattern } = subscriber
    if (this.#subscribers.has(channel) || channel.closed) return
    this.#subscribers.set(channel, subscriber)
    this.#tree.add(patternNames(pattern), subscriber)
  }

  /** Removes a subscriber; answers whether it was there. */
  delete(channel: Chan<T>): boolean {
    const subscriber = this.#subscribers.get(channel)
    if (!subscriber) return false
    this.#subscribers.delete(channel)
    this.#tree.delete(patternNames(subscriber.pattern), subscriber)
    return true
  }

  /** Puts others in the place of all that are here, but those of which `stays` answers true. */
  replace(subscribers: readonly Subscriber<T>[], stays: (subscriber: Subscriber<T>) => boolean): void {
    for (const subscriber of this.all) if (!stays(subscriber)) this.delete(subscriber.channel)
    for (const subscriber of subscribers) this.add(subscriber)
  }

  match(topic: readonly string[]): Subscriber<T>[] {
    return this.#tree.match(topic)
  }

  /** Closes the channels of all, and forgets them. */
  close(): void {
    for (const { channel } of this.all) {
      this.delete(channel)
      close(channel)
    }
  }
}
