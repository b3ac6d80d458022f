import { type Crossing, registerKind, SHARE } from '@millrace/kernel'

/** The parts that a thing crosses with: what threads know it by, as a rule its monitor, and whatever else can cross. */
export type Parts = [{ face: object | undefined }, ...unknown[]]

/** Whether a thing crosses to other threads by reference. */
export const crossesByReference = (thing: object): boolean => SHARE in thing

/**
 * Lets the instances of a class cross to other threads by reference, as their parts: where the monitor is known already the thing that
 * is there stands for it.
 *
 * @param kind What other threads know it by: see `Crossing.kind`.
 */
export function crossesWith<T extends object, P extends Parts>(
  Class: abstract new (...args: never[]) => T,
  kind: string,
  partsOf: (thing: T) => P,
  make: (...parts: P) => T,
): void {
  crossesAs(
    Class,
    kind,
    thing => {
      const parts = partsOf(thing)
      parts[0].face = thing
      return parts
    },
    parts => (parts[0].face ??= make(...parts)) as T,
  )
}

/**
 * Lets the instances of a class cross to other threads as something that can cross, `payloadOf` the instance, and be found again there
 * by that.
 */
export function crossesAs<T extends object, P>(
  Class: abstract new (...args: never[]) => T,
  kind: string,
  payloadOf: (thing: T) => P,
  find: (payload: P) => T,
): void {
  Object.defineProperty(Class.prototype, SHARE, {
    value(this: T): Crossing {
      return { kind, payload: payloadOf(this) }
    },
  })
  registerKind(kind, find)
}
