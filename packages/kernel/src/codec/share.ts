/** The method by which a thing of ours crosses by reference, not by copy: a channel, a context, … */
export const SHARE: unique symbol = Symbol.for('@millrace/share')

/** What crossing means to a thing of ours where there is one thread only; see `Shareable`. */
export const SHARE_HERE: unique symbol = Symbol.for('@millrace/share-here')

/**
 * Names what crosses at once: a value, with whatever the things in it hold. A getter that is read meanwhile may send something else:
 * that is another message.
 */
export type Message = object

/** An instance of a class of ours that crosses by reference. A plain object is not asked. */
export interface Shareable {
  /**
   * Makes the thing shared if it is still local, and says how the other side finds it. What it holds crosses in the same message: who
   * asks another thing to share itself hands the message on.
   */
  [SHARE](message?: Message): Crossing
  /**
   * Called instead where there is one thread only: the thing itself goes over then, whatever this does. Without it a thing
   * crosses as it is. A channel begins to copy what is sent on it; what stays on its thread refuses.
   */
  [SHARE_HERE]?(message?: Message): void
}

/** Marks references into the memory of this copy of the package: another copy's has the same addresses for other things. */
export const HOME: unique symbol = Symbol('home')

/** A reference on its way to another thread. */
export interface Crossing {
  /** `sync/mutex` for a thing of `@millrace/sync`, `@acme/db/pool` for one of `@acme/db`, `chan` of core. */
  kind: string
  /** Anything that can be encoded, further shareables included. */
  payload: unknown
  /**
   * Offset of the shared object of which the value owns a reference from now on (`crossReference` in reference.ts). If nobody ever
   * reads the value, the kernel drops it.
   */
  reference?: number
  /** Of which copy of the package that object is. Goes with `reference`. */
  home?: typeof HOME
  /** Undoes the crossing: called when the value as a whole could not be encoded. */
  release?(): void
}

const kinds = new Map<string, (payload: unknown) => unknown>()

/** Says how this thread turns a reference of a kind into the thing. `attach` is given the payload whole. */
export function registerKind<Payload>(kind: string, attach: (payload: Payload) => unknown): void {
  kinds.set(kind, attach as (payload: unknown) => unknown)
}

const providers = new Set<string>()

/**
 * Says that the module at `url` registers kinds: threads that this one starts from now on import it before they run anything, so that
 * they know what arrives even where it is not used otherwise.
 */
export function providesKinds(url: string): void {
  providers.add(url)
}

export const providersOfKinds = (): string[] => [...providers]

export function attach(kind: string, payload: unknown): unknown {
  const attachKind = kinds.get(kind)
  if (attachKind !== undefined) return attachKind(payload)
  throw new Error(
    `a value refers to a "${kind}", which this thread does not know: ` +
      `import "${packageOf(kind)}" in the module that runs here`,
  )
}

function packageOf(kind: string): string {
  const slash = kind.lastIndexOf('/')
  const name = slash < 0 ? 'core' : kind.slice(0, slash)
  return name.startsWith('@') ? name : `@millrace/${name}`
}
