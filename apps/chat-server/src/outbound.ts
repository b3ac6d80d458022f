import { type Chan, chan } from '@millrace/core'

/**
 * What waits to be written to one client: a channel that is full at `maxMessages` frames and also at `maxBytes` bytes. The
 * frame that is being written counts until it is written.
 */
export class Outbound {
  readonly #frames: Chan<Buffer>
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxMessages: number, maxBytes: number) {
    this.#frames = chan(maxMessages)
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get messages(): number {
    return this.#frames.length
  }

  /** False if it is full. Never waits: the hub calls it. */
  trySend(frame: Buffer): boolean {
    if (this.#bytes + frame.length > this.#maxBytes || !this.#frames.trySend(frame)) return false
    this.#bytes += frame.length
    return true
  }

  /** The next frame, which stays accounted for until `written`; undefined at the end. */
  receive(): Promise<Buffer | undefined> {
    return this.#frames.receive()
  }

  written(frame: Buffer): void {
    this.#bytes -= frame.length
  }

  close(): void {
    this.#frames.close()
  }
}
