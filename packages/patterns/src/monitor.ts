/** A few numbers that change together: two views of the same bytes. */
export interface MonitorState {
  readonly i32: Int32Array
  readonly f64: Float64Array
}

/**
 * Holds a fixed number of bytes, all zero at first, and lets nobody see or change a part of them: what `read` and `change` are
 * given is the state at one moment, and what `change` leaves is seen by the next as a whole.
 *
 * Their functions are synchronous, have no other effect, and do not throw once they have begun to change the state.
 */
export class Monitor {
  readonly #state: MonitorState

  constructor(bytes: number) {
    const buffer = new ArrayBuffer(bytes)
    this.#state = { i32: new Int32Array(buffer), f64: new Float64Array(buffer) }
  }

  read<R>(fn: (state: MonitorState) => R): R {
    return fn(this.#state)
  }

  change<R>(fn: (state: MonitorState) => R): R {
    return fn(this.#state)
  }
}
