// Loose bytes: the contents of large buffers go beside the message and not through what writes and reads it, where they would be
// copied once more on either side.

import { host } from '../host/current.js'

/** Fewer bytes cost less in the table. */
export const FEWEST_LOOSE = 512

/**
 * Where loose bytes begin: shared memory is copied word by word where both sides are aligned, and else byte by byte, which takes
 * several times as long.
 */
const WORD = 8

export const aligned = (place: number): number => (place + WORD - 1) & -WORD

export const NO_BYTES: Uint8Array = new Uint8Array(0)

/** Loose bytes on their way into a message: views of the sender's own buffers. */
export class Loose {
  private parts: Uint8Array[] = []
  /** What they take together, in bytes. */
  length = 0

  /** Answers the place of the first one. */
  add(bytes: Uint8Array): number {
    const place = this.length
    this.parts.push(bytes)
    this.length = aligned(place + bytes.length)
    return place
  }

  /** Whether all are still there: a getter that was asked later may have moved a buffer to somebody else. */
  isWhole(): boolean {
    return this.parts.every(part => part.length > 0)
  }

  clear(): void {
    if (this.length === 0) return
    this.parts = []
    this.length = 0
  }

  /** Copies them all to `place`, which is aligned. */
  copyTo(memory: Uint8Array, place: number): void {
    for (const part of this.parts) {
      host.copyBytes(part, memory, place)
      place = aligned(place + part.length)
    }
  }
}

/** A copy of `length` bytes that went beside at `place`: a buffer of its own. */
export function takeLoose(loose: Uint8Array, place: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = loose.subarray(place, place + length)
  if (bytes.length !== length) throw new Error('there are fewer loose bytes')
  return host.copyOf(bytes)
}
