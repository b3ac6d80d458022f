import { AtomicBool, AtomicInt32, ChanClosedError, Counter, chan, type WaitOptions } from '@millrace/core'
import { type Crossing, registerKind, SHARE, type Shareable } from '@millrace/kernel'
import { thisThread } from './owner.js'
import { pass } from './passing.js'
import { type Link, OwnerLink, ReplicaLink, type Ways } from './pub-sub-link.js'
import { close, offer, POLICIES, type Subscriber } from './subscriber.js'
import { SubscriberTable } from './subscriber-table.js'
import { DEFAULT_BUFFER, type PubSubStats, type SubscribeOptions, type Subscription } from './subscription.js'
import { patternNames, topicNames } from './topics.js'

const KIND = 'patterns/pub-sub'

/** What all threads count together. */
interface Counts {
  readonly closed: AtomicBool
  readonly published: Counter
  readonly delivered: Counter
  readonly dropped: Counter
  readonly evicted: Counter
}

/**
 * Publishes values under topics to all who have subscribed to them. Topics are names joined by dots, `orders.eu.new`; a
 * subscriber gives a pattern, in which `*` stands for one name and `>` at the end for one or more, as in NATS.
 *
 * A slow subscriber delays nobody, unless it has asked to. Nothing is kept for those who come later. Values are not copied as long as
 * no other thread knows the PubSub.
 *
 * It can be an argument of a parallel goroutine, or part of any value that crosses: it is the same on every thread, each of which can
 * subscribe, publish and close. It lives on the thread that made it, and has to be closed if it has crossed: until then a goroutine there
 * waits for news from other threads.
 *
 * @example
 * const news = new PubSub<string>()
 * const sport = news.subscribe('sport.*')
 * await news.publish('sport.chess', 'e4')
 * await sport.receive() // => 'e4'
 * news.close()
 */
export class PubSub<T> implements Shareable {
  readonly #table = new SubscriberTable<T>()
  #counts: Counts = {
    closed: new AtomicBool(),
    published: new Counter(),
    delivered: new Counter(),
    dropped: new Counter(),
    evicted: new Counter(),
  }
  /** Set once other threads know it. */
  #link: Link<T> | undefined
  /**
   * Subscribes to the topics that match `pattern`, from this call on.
   *
   * @throws {RangeError} `pattern` has an empty name, or `>` before its end; `buffer` or `policy` is out of range.
   * @throws {TypeError} `pattern` is not a string.
   * @throws {ChanClosedError} The PubSub is closed. @throws {ThreadLostError} The thread that it lives on has died.
   */
  subscribe(
    pattern: string,
    { buffer = DEFAULT_BUFFER, policy = 'drop-newest' }: SubscribeOptions = {},
  ): Subscription<T> {
    patternNames(pattern)
    if (!POLICIES.includes(policy)) {
      throw new RangeError(`PubSub: policy must be one of ${POLICIES.join(', ')}, got ${String(policy)}`)
    }
    if (policy === 'drop-oldest' && buffer === 0) {
      throw new RangeError('PubSub: drop-oldest needs a buffer of at least 1')
    }
    this.#checkOpen()
    this.#link?.checkOwner()
    const channel = chan<T>(buffer)
    const dropped = new Counter()
    const subscriber: Subscriber<T> = { pattern, policy, channel, dropped }
    if (this.#link) subscriber.thread = thisThread()
    this.#table.add(subscriber)
    this.#link?.issue({ add: subscriber })
    // Whoever closes it closes the channels that it knows then.
    if (this.closed) close(channel)
    return Object.defineProperties(channel, {
      unsubscribe: { value: () => this.#remove(subscriber) },
      dropped: { get: () => dropped.sum() },
      [Symbol.dispose]: { value: () => this.#remove(subscriber) },
    }) as unknown as Subscription<T>
  }

  /**
   * Gives `value` to all who have subscribed to `topic`. Waits for room only for subscribers whose policy is 'block'; the others, and those
   * that have room, have it before. On another thread than the PubSub's own it may also ask that one first who has subscribed.
   *
   * For a subscriber that goes while it is waited for (it unsubscribes, its thread dies, the PubSub is closed) the value counts as
   * dropped, and `publish` goes on.
   *
   * Cancelled, it rejects with the signal's reason; those that have the value by then keep it. Rejects with ChanClosedError ("send on
   * closed channel") if the PubSub is closed; with RangeError or TypeError if `topic` is none; with DataCloneError if the value cannot
   * cross to a subscriber's thread, after all others got it.
   */
  async publish(topic: string, value: T, options?: WaitOptions): Promise<void> {
    const names = topicNames(topic)
    await pass(options)
    this.#checkOpen()
    if (this.#link?.catchUp() === false) await this.#link.sync()
    const blocking: Subscriber<T>[] = []
    const errors: unknown[] = []
    this.#offerAll(names, value, errors, subscriber => blocking.push(subscriber))
    const sent = await Promise.allSettled(
      blocking.map(subscriber => this.#sendBlocking(subscriber, value, options)),
    )
    for (const result of sent) if (result.status === 'rejected') errors.push(result.reason)
    if (errors.length > 0) throw errors[0]
  }

  /**
   * Gives `value` to all who have subscribed to `topic` and have room, and answers how many that are. Never waits: for a subscriber
   * whose policy is 'block' and whose buffer is full it counts as dropped.
   *
   * On another thread than the PubSub's own it may not know yet who has subscribed on a third one a moment ago.
   *
   * @throws {ChanClosedError} "send on closed channel": the PubSub is closed.
   * @throws {RangeError} `topic` is none. @throws {TypeError} It is not a string.
   * @throws {DataCloneError} The value cannot cross to a subscriber's thread; all others got it.
   */
  tryPublish(topic: string, value: T): number {
    const names = topicNames(topic)
    this.#checkOpen()
    this.#link?.catchUp()
    const errors: unknown[] = []
    const delivered = this.#offerAll(names, value, errors, subscriber => this.#drop(subscriber))
    if (errors.length > 0) throw errors[0]
    return delivered
  }

  /**
   * Ends all subscriptions: what is in their buffers can still be received. Publishers that wait go on; what they waited with counts as
   * dropped. May be called again.
   */
  close(): void {
    if (this.#counts.closed.swap(true)) return
    this.#end()
  }

  get closed(): boolean {
    return this.#counts.closed.load()
  }

  get stats(): PubSubStats {
    this.#link?.catchUp()
    const { published, delivered, dropped, evicted } = this.#counts
    return {
      subscriptions: this.closed ? 0 : this.#table.size,
      published: published.sum(),
      delivered: delivered.sum(),
      dropped: dropped.sum(),
      evicted: evicted.sum(),
    }
  }

  #checkOpen(): void {
    if (this.closed) throw new ChanClosedError('send on closed channel (the PubSub is closed)')
  }

  #end(): void {
    this.#link?.close()
    this.#table.close()
  }

  // Delivery -----------------------------------------------------------------------------------------------------------

  /** Offers a value to all who have subscribed; answers how many got it. `full` is told of those that must wait. */
  #offerAll(
    topic: readonly string[],
    value: T,
    errors: unknown[],
    full: (subscriber: Subscriber<T>) => void,
  ): number {
    const counts = this.#counts
    counts.published.add()
    let delivered = 0
    for (const subscriber of this.#table.match(topic)) {
      try {
        switch (offer(subscriber, value, () => this.#drop(subscriber))) {
          case 'delivered':
            delivered++
            break
          case 'full':
            full(subscriber)
            break
          case 'evicted':
            counts.evicted.add()
            this.#remove(subscriber)
            break
          case 'gone':
            this.#remove(subscriber)
        }
      } catch (error) {
        errors.push(error)
      }
    }
    counts.delivered.add(delivered)
    return delivered
  }

  async #sendBlocking(subscriber: Subscriber<T>, value: T, options: WaitOptions | undefined): Promise<void> {
    try {
      await subscriber.channel.send(value, options)
      this.#counts.delivered.add()
    } catch (error) {
      this.#drop(subscriber)
      // Unsubscribed, closed or on a thread that died, all meanwhile: no error of the publisher's.
      if (error instanceof ChanClosedError) return this.#remove(subscriber)
      throw error
    }
  }

  #drop({ dropped }: Subscriber<T>): void {
    dropped.add()
    this.#counts.dropped.add()
  }

  #remove({ channel }: Subscriber<T>): void {
    close(channel)
    if (this.#table.delete(channel)) this.#link?.issue({ remove: channel })
  }

  // Crossing -----------------------------------------------------------------------------------------------------------

  [SHARE](): Crossing {
    if (!this.#link) {
      const link = new OwnerLink(this.#table, new AtomicInt32(), () => this.#end())
      this.#link = link
      pubSubs.set(link.ways.door.calls, this as PubSub<unknown>)
      if (this.closed) link.close()
    }
    const link = this.#link
    link.catchUp()
    const sent: Sent<T> = {
      ways: link.ways,
      counts: this.#counts,
      applied: link.applied,
      subscribers: this.#table.all,
    }
    return { kind: KIND, payload: sent }
  }

  static {
    registerKind(KIND, ({ ways, counts, applied, subscribers }: Sent<unknown>) => {
      let pubSub = pubSubs.get(ways.door.calls)
      if (!pubSub) {
        pubSub = new PubSub()
        pubSub.#counts = counts
        for (const subscriber of subscribers) pubSub.#table.add(subscriber)
        pubSub.#link = new ReplicaLink(pubSub.#table, ways, applied)
        pubSubs.set(ways.door.calls, pubSub)
      }
      return pubSub
    })
  }
}

interface Sent<T> {
  ways: Ways<T>
  counts: Counts
  applied: number
  subscribers: Subscriber<T>[]
}

/** The PubSubs that this thread shares with others: one for each, however often it arrives. */
const pubSubs = new WeakMap<object, PubSub<unknown>>()
