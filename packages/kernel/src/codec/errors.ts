// Errors keep their class. A native one is built anew by its constructor; one of ours by what
// `registerError` was told, found by its `code`, so that a second copy of a package serves as well; any
// other becomes the native class it extends, under its own name.

type Rebuild = (message: string, fields: Record<string, unknown>) => Error

const rebuilds = new Map<string, Rebuild>()

/**
 * Says how an error class of ours is built anew in another thread.
 *
 * @param code The `code` that all errors of the class have, and no others.
 * @param rebuild Gets the own enumerable properties of the original, `cause` apart. What it does not set is
 *   set afterwards, as are `stack`, `cause` and `errors`.
 */
export function registerError(code: string, rebuild: Rebuild): void {
  rebuilds.set(code, rebuild)
}

export function rebuildOf(code: unknown): Rebuild | undefined {
  return typeof code === 'string' ? rebuilds.get(code) : undefined
}

/** A value cannot cross to another thread. Nothing was sent. */
export class DataCloneError extends Error {
  override readonly name = 'DataCloneError'
  readonly code = 'ERR_DATA_CLONE'
  /** Where the culprit is, as one would write it: `args[1].job.callback`. */
  readonly path: string
  /** What is the matter with it: "it is a function". */
  readonly why: string

  constructor(why: string, path: string, options?: ErrorOptions) {
    super(`${path} could not be cloned: ${why}`, options)
    this.path = path
    this.why = why
  }
}

registerError('ERR_DATA_CLONE', (_message, { why, path }) => new DataCloneError(String(why), String(path)))

type Construct = (message: string | undefined, name?: string) => Error

const natives = new Map<string, Construct>()
const prototypes = new Map<object, string>()

for (const name of [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
]) {
  addNative(name, Class => message => new Class(message))
}
addNative('AggregateError', Class => message => new Class([], message))
addNative('SuppressedError', Class => message => new Class(undefined, undefined, message))
addNative('DOMException', Class => (message, name) => new Class(message, name))

function addNative(name: string, construct: (Class: new (...args: unknown[]) => Error) => Construct): void {
  const Class = (globalThis as Record<string, unknown>)[name] as
    | (new (
        ...args: unknown[]
      ) => Error)
    | undefined
  if (Class === undefined) return // SuppressedError is young
  natives.set(name, construct(Class))
  prototypes.set(Class.prototype, name)
}

/** The native class that an error is of, or extends. */
export function nativeClassOf(error: object): string {
  for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    const name = prototypes.get(at)
    if (name !== undefined) return name
    // Another realm's: a frame, a node:vm context.
    if (
      Object.getPrototypeOf(at) !== null &&
      natives.has(at.constructor?.name) &&
      at.name === at.constructor.name
    ) {
      return at.name
    }
  }
  return 'Error'
}

/** The name that an error goes by: its own, or its class's where that has not bothered to set one. */
export function nameOf(error: Error): string {
  const { name } = error
  if (typeof name !== 'string') return 'Error'
  if (name !== 'Error' || Object.hasOwn(error, 'name')) return name
  const className: unknown = error.constructor?.name
  return typeof className === 'string' && className !== '' ? className : name
}

/** A new error of a native class, or of `Error` where the host lacks it. Only a DOMException takes a name. */
export function newNative(nativeClass: string, message: string | undefined, name?: string): Error {
  return (natives.get(nativeClass) ?? natives.get('Error')!)(message, name)
}

/** What an error may keep out of sight of `Object.keys`, beside its message and stack. */
export const HIDDEN = ['name', 'code', 'cause', 'errors', 'error', 'suppressed']
