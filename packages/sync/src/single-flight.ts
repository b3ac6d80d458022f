import {
  chan,
  crossesWith,
  type Flight,
  type FlightEnd,
  type FlightKey,
  type FlightLost,
  FlightTable,
  flightKey,
  go,
  Monitor,
  monitorRules,
  PASS,
  type ReceiveChan,
  WAIT,
  type WaitOptions,
} from '@millrace/core'

/** How a call of SingleFlight ended: `error` is what the function threw, `shared` whether several asked for it. */
export interface Result<V> {
  value: V | undefined
  error: unknown
  shared: boolean
}

interface Call<V> extends Result<V> {
  readonly fn: () => V | PromiseLike<V>
  /** Where those wait who asked for it on this thread. */
  readonly callers: Monitor
  /** What it is found by on this thread. */
  id: unknown
  /** What other threads know its key by, if they could ask for it. */
  known: FlightKey | undefined
  /** What they know it by. */
  flight: Flight | undefined
  isUnderWay: boolean
  hasFailed: boolean
}

const OVER = 0

const callers = monitorRules({
  name: 'sync/single-flight.callers',
  size: 1,
  lines: 1,
  attempt: state => (state[OVER] === 0 ? WAIT : PASS),
})

type Calls<V> = Map<unknown, Call<V>>
type Tables = [FlightTable, ...FlightTable[]]

/** Keys are spread over so many tables, each with room for some 680 calls and threads that wait for them. */
const TABLES = 8

/**
 * Calls a function once for all who ask for the same key while it runs. Go's `golang.org/x/sync/singleflight`.
 *
 * It crosses to other threads by reference: then there is one call of a key over all of them. The function runs on the thread of whoever
 * asked first; on other threads the value, or the error, arrives as a copy, or as a DataCloneError if it cannot cross. If the thread
 * that makes the call dies, those who wait on others reject with ThreadLostError, and the next who asks starts another call.
 *
 * Keys are the same as in a Map, but once it has crossed objects are the same key if they cross alike (with their fields in the same
 * order). What cannot cross is a key of its own thread. With more than some 5000 calls at once, further ones are shared on their own
 * thread only.
 *
 * @example
 * const flights = new SingleFlight<string, number>()
 * const [a, b] = await Promise.all([flights.do('x', () => 1), flights.do('x', () => 2)])
 * a // => { value: 1, shared: true }
 * b // => { value: 1, shared: true }
 */
export class SingleFlight<K, V> {
  /** Calls that may be joined: by the keys themselves, or once other threads know them by their names, where they have one. */
  #calls: Calls<V> = new Map()
  #tables: Tables | undefined

  static {
    crossesWith(
      SingleFlight<unknown, unknown>,
      'sync/single-flight',
      flights => flights.#share(),
      (...tables) => {
        const flights = new SingleFlight<unknown, unknown>()
        flights.#tables = tables
        return flights
      },
    )
  }

  /**
   * Waits for the call of `key`, which it starts as a goroutine, `fn`, if there is none. Answers what that gives to all who ask
   * meanwhile; `shared` tells whether they are several. Rejects with what the function throws.
   *
   * Cancelled, it rejects with the signal's reason; the call goes on for the others.
   *
   * @throws {ThreadLostError} (as a rejection) Another thread made the call, and has died.
   */
  async do(
    key: K,
    fn: () => V | PromiseLike<V>,
    options?: WaitOptions,
  ): Promise<{ value: V; shared: boolean }> {
    const call = this.#callOf(key, fn)
    await this.#wait(call, options)
    if (call.hasFailed) throw call.error
    return { value: call.value as V, shared: call.shared }
  }

  /** As `do`, but answers a channel at once, which gets the one result and is never closed. Never waits. */
  doChan(key: K, fn: () => V | PromiseLike<V>): ReceiveChan<Result<V>> {
    const result = chan<Result<V>>(1)
    const call = this.#callOf(key, fn)
    this.#wait(call)
      .then(() => result.trySend({ value: call.value, error: call.error, shared: call.shared }))
      .catch(error => result.trySend({ value: undefined, error, shared: call.shared }))
    return result
  }

  /** Lets the next who asks for `key`, on any thread, start another call, also while one runs. */
  forget(key: K): void {
    const known = this.#known(key)
    this.#calls.delete(known?.name ?? key)
    if (known) this.#tableOf(known).forget(known.hash)
  }

  #known(key: K): FlightKey | undefined {
    return this.#tables && flightKey(key)
  }

  #tableOf({ hash }: FlightKey): FlightTable {
    return this.#tables![hash % TABLES]!
  }

  /** The call of `key` that may be joined, or one that is still to be started. */
  #callOf(key: K, fn: Call<V>['fn']): Call<V> {
    const known = this.#known(key)
    const id = known?.name ?? key
    const call = this.#calls.get(id)
    if (call && this.#isOpen(call)) return call
    return {
      fn,
      callers: new Monitor(callers),
      id,
      known,
      flight: undefined,
      isUnderWay: false,
      hasFailed: false,
      value: undefined,
      error: undefined,
      shared: false,
    }
  }

  /** On another thread it may be over, or forgotten, before this one hears of it. */
  #isOpen({ known, flight }: Call<V>): boolean {
    return !known || !flight || this.#tableOf(known).isOpen(flight, known.hash)
  }

  /** Waits for the end of a call, which is started if need be. */
  #wait(call: Call<V>, options?: WaitOptions): Promise<void> {
    return call.callers.wait(0, 0, options, () => {
      if (call.isUnderWay) call.shared = true
      else this.#start(call)
    })
  }

  #start(call: Call<V>): void {
    const { known } = call
    if (known) call.flight = this.#tableOf(known).join(known.hash, end => this.#ended(call, end))
    this.#calls.set(call.id, call)
    call.isUnderWay = true
    if (call.flight && !call.flight.isHere) call.shared = true
    else void this.#run(call)
  }

  async #run(call: Call<V>): Promise<void> {
    try {
      call.value = await go(call.fn)
    } catch (error) {
      call.hasFailed = true
      call.error = error
    }
    const { known, flight, error, value } = call
    if (known && flight) {
      const { name } = known
      const hasFollowers = this.#tableOf(known).end(
        flight,
        call.hasFailed ? { name, error } : { name, value },
      )
      call.shared ||= hasFollowers
    }
    this.#release(call)
  }

  /** A call that another thread makes has ended. */
  #ended(call: Call<V>, end: FlightEnd | FlightLost): void {
    if (end.name !== undefined && end.name !== call.known!.name) {
      // It was for another key with the same hash: one for this has still to be made, without others knowing.
      call.flight = undefined
      call.shared = false
      void this.#run(call)
      return
    }
    if ('error' in end) {
      call.hasFailed = true
      call.error = end.error
    } else call.value = end.value as V
    this.#release(call)
  }

  /** Lets those go on who wait for it. */
  #release(call: Call<V>): void {
    // It may have been forgotten, and another be running.
    if (this.#calls.get(call.id) === call) this.#calls.delete(call.id)
    call.callers.change(state => {
      state[OVER] = 1
    })
  }

  /** The tables that threads know it by. Calls that are under way become known with it. */
  #share(): Tables {
    if (this.#tables) return this.#tables
    const tables = Array.from({ length: TABLES }, () => FlightTable.create()) as Tables
    const calls: Calls<V> = new Map()
    const flights: [call: Call<V>, known: FlightKey, flight: Flight | undefined][] = []
    for (const [key, call] of this.#calls) {
      const known = flightKey(key)
      const id = known?.name ?? key
      if (known && !calls.has(id))
        flights.push([call, known, tables[known.hash % TABLES]!.join(known.hash, () => {})])
      // Of two objects that cross alike only the first is still the one of its key.
      if (!calls.has(id)) calls.set(id, call)
    }
    // From here on nothing can fail.
    for (const [call, known, flight] of flights) {
      call.known = known
      call.flight = flight
    }
    for (const [id, call] of calls) call.id = id
    this.#calls = calls
    this.#tables = tables
    return tables
  }
}
