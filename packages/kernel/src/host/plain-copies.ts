import type { Host } from './host.js'

/** Copies as the language has them. */
export const plainCopies: Pick<Host, 'copyBytes' | 'copyOf'> = {
  copyBytes: (source, target, place) => target.set(source, place),
  copyOf: bytes => bytes.slice() as Uint8Array<ArrayBuffer>,
}
