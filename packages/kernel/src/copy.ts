import { journey } from './codec/alias.js'
import { decode, encode, type Message } from './codec.js'

/**
 * What another thread would get if `value` were sent to it, for where there is none: through the codec, so that what is copied,
 * refused and kept there is so here. Things of ours go over themselves.
 *
 * @param root Begins the path of a culprit: `args` for `args[1].job.callback`.
 * @param message As of `encode`.
 * @throws {DataCloneError} It could not cross.
 */
export function copy(value: unknown, root: string, message?: Message): unknown {
  if (value === null) return value
  switch (typeof value) {
    case 'object':
    case 'function':
    case 'symbol':
      return journey(() => decode(encode(value, root, undefined, undefined, message)))
    default:
      return value // what cannot change needs no copy
  }
}
