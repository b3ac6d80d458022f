import { chan, go, ParkingLot, type ReceiveChan, stayOnThread, type WaitOptions } from '@millrace/core'

/** How a call of SingleFlight ended: `error` is what the function threw, `shared` whether several asked for it. */
export interface Result<V> {
  value: V | undefined
  error: unknown
  shared: boolean
}

interface Call<V> extends Result<V> {
  over: boolean
  failed: boolean
  readonly callers: ParkingLot
}

function newCall<V>(): Call<V> {
  const callers = new ParkingLot(() => call.over)
  const call: Call<V> = {
    value: undefined,
    error: undefined,
    shared: false,
    failed: false,
    over: false,
    callers,
  }
  return call
}

/**
 * Calls a function once for all who ask for the same key while it runs. Go's `golang.org/x/sync/singleflight`.
 *
 * @example
 * const flights = new SingleFlight<string, number>()
 * const [a, b] = await Promise.all([flights.do('x', () => 1), flights.do('x', () => 2)])
 * a // => { value: 1, shared: true }
 * b // => { value: 1, shared: true }
 */
export class SingleFlight<K, V> {
  readonly #calls = new Map<K, Call<V>>()

  /**
   * Waits for the call of `key`, which it starts as a goroutine, `fn`, if there is none. Answers what that gives to all who ask
   * meanwhile; `shared` tells whether they are several. Rejects with what the function throws.
   *
   * Cancelled, it rejects with the signal's reason; the call goes on for the others.
   */
  async do(
    key: K,
    fn: () => V | PromiseLike<V>,
    options?: WaitOptions,
  ): Promise<{ value: V; shared: boolean }> {
    const call = this.#calls.get(key) ?? newCall()
    await this.#join(key, call, fn, options)
    if (call.failed) throw call.error
    return { value: call.value as V, shared: call.shared }
  }

  /** As `do`, but answers a channel at once, which gets the one result and is never closed. Never waits. */
  doChan(key: K, fn: () => V | PromiseLike<V>): ReceiveChan<Result<V>> {
    const result = chan<Result<V>>(1)
    const call = this.#calls.get(key) ?? newCall()
    void this.#join(key, call, fn).then(() => {
      result.trySend({ value: call.value, error: call.error, shared: call.shared })
    })
    return result
  }

  /** Lets the next who asks for `key` start another call, also while one runs. */
  forget(key: K): void {
    this.#calls.delete(key)
  }

  /** Waits for `call`, which is the one of `key`, or a new one: then starts it. */
  #join(key: K, call: Call<V>, fn: () => V | PromiseLike<V>, options?: WaitOptions): Promise<void> {
    const { length } = call.callers
    const over = call.callers.wait(undefined, options)
    if (call.callers.length <= length) return over // already aborted
    if (this.#calls.get(key) === call) {
      call.shared = true
    } else {
      this.#calls.set(key, call)
      void this.#run(key, call, fn)
    }
    return over
  }

  async #run(key: K, call: Call<V>, fn: () => V | PromiseLike<V>): Promise<void> {
    try {
      call.value = await go(fn)
    } catch (error) {
      call.failed = true
      call.error = error
    }
    // It may have been forgotten, and another be running.
    if (this.#calls.get(key) === call) this.#calls.delete(key)
    call.over = true
    call.callers.wake()
  }
}

stayOnThread(SingleFlight)
