import type { WaitOptions } from '@millrace/core'

/** A signal that counts its listeners. */
export class Counted {
  readonly controller = new AbortController()
  readonly signal = this.controller.signal
  now = 0
  most = 0

  constructor() {
    const { signal } = this
    const live = new Set<unknown>()
    const count = () => {
      this.now = live.size
      this.most = Math.max(this.most, live.size)
    }
    const { addEventListener, removeEventListener } = signal
    // The first listener of all: it sees the others' `once` come true.
    addEventListener.call(signal, 'abort', () => {
      live.clear()
      count()
    })
    signal.addEventListener = (type: string, listener: never, options?: never) => {
      live.add(listener)
      count()
      addEventListener.call(signal, type, listener, options)
    }
    signal.removeEventListener = (type: string, listener: never, options?: never) => {
      live.delete(listener)
      count()
      removeEventListener.call(signal, type, listener, options)
    }
  }

  get options(): WaitOptions {
    return { signal: this.signal }
  }
}
