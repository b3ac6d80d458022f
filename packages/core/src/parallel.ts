import { type Crossing, registerKind, SHARE } from '@millrace/kernel'
import { isBundled, isWebpackChunk, nameInBundle, webpackChunkError } from './bundle.js'
import { ParallelError } from './errors.js'

declare const PARALLEL: unique symbol

/** Marks a function that `go` runs on a thread of the pool. */
export interface Parallel {
  readonly [PARALLEL]: true
}

/** Where a parallel function is found: every thread that runs it imports the module. */
export interface Place {
  readonly module: string
  readonly name: string
}

type AnyFunction = (...args: never[]) => unknown

// By symbol and on the function itself, so that two copies of the package agree on what is parallel.
const PLACE = Symbol.for('@millrace/core/parallel')
const FUNCTIONS = Symbol.for('@millrace/core/functions')
const registry = globalThis as { [FUNCTIONS]?: Map<string, AnyFunction> }

const functions = (): Map<string, AnyFunction> => {
  registry[FUNCTIONS] ??= new Map()
  return registry[FUNCTIONS]
}

const keyOf = (module: string, name: string): string => `${module}#${name}`

/**
 * Says that `fn` may run on other threads: `go(fn, …)` starts it on the pool, each thread of which imports the module and finds
 * the function by its name. Called directly it runs here, as before. Costs nothing until it is started.
 *
 * Write it at the top level of a module, once per function; arguments and results cross by copy, channels and contexts by
 * reference. The function itself crosses as part of a value to threads that have imported its module.
 *
 * @param moduleUrl `import.meta.url`, literally.
 * @throws {ParallelError} `fn` has no name, or the module has another parallel function of the same name.
 *
 * @example
 * export const square = parallel(import.meta.url, function square(n: number) { return n * n })
 * main(async () => {
 *   await go(square, 7) // => 49
 * })
 */
export function parallel<F extends AnyFunction>(moduleUrl: string, fn: F): F & Parallel {
  if (typeof fn !== 'function') throw new ParallelError('parallel: the second argument must be a function')
  if (typeof moduleUrl !== 'string' || !URL.canParse(moduleUrl)) {
    throw new ParallelError(
      `parallel: the first argument must be the module's URL, import.meta.url (got ${String(moduleUrl)}, function ${fn.name || '(anonymous)'})`,
    )
  }
  const isTaken = (name: string) => functions().has(keyOf(moduleUrl, name))
  const name = isBundled ? nameInBundle(fn, isTaken) : fn.name
  if (!name) {
    throw new ParallelError(
      `parallel: the function in ${moduleUrl} is anonymous; other threads find it by its name: write parallel(import.meta.url, async function name(…) { … })`,
    )
  }
  if (isTaken(name)) {
    throw new ParallelError(
      `parallel: ${moduleUrl} has two parallel functions named "${name}"; other threads could not tell them apart: rename one`,
    )
  }
  const place: Place = { module: moduleUrl, name }
  functions().set(keyOf(moduleUrl, name), fn)
  Object.defineProperty(fn, PLACE, { value: place })
  Object.defineProperty(fn, SHARE, { value: (): Crossing => ({ kind: KIND, payload: place }) })
  return fn as F & Parallel
}

const KIND = 'parallel'

registerKind(KIND, ({ module, name }: Place) => {
  const fn = functions().get(keyOf(module, name))
  if (fn) return fn
  throw new ParallelError(
    `parallel: a value refers to the function "${name}" of ${module}, which this thread has not imported: import it in the module that runs here`,
  )
})

/**
 * Whether `go(fn, …)` starts `fn` on the pool: whether it was given to `parallel`. For code that starts functions of others.
 *
 * @example
 * isParallel(() => {}) // => false
 */
export function isParallel(fn: unknown): fn is AnyFunction & Parallel {
  return typeof fn === 'function' && placeOf(fn) !== undefined
}

/** Where `fn` is found, if it is parallel. */
export function placeOf(fn: object): Place | undefined {
  return (fn as { [PLACE]?: Place })[PLACE]
}

let loading = 0

/** Goroutines of this thread that wait for the import of their module. */
export function modulesLoading(): number {
  return loading
}

/** The parallel function at `place`; imports its module if need be. @throws {ParallelError} It is not there. */
export async function load({ module, name }: Place): Promise<AnyFunction> {
  loading++
  let loaded: object
  try {
    loaded = await import(/* @vite-ignore */ /* webpackIgnore: true */ module)
  } finally {
    loading--
  }
  const fn = functions().get(keyOf(module, name))
  if (!fn) {
    if (isWebpackChunk(loaded)) throw webpackChunkError(module)
    throw new ParallelError(
      `parallel: there is no parallel function "${name}" in ${module}; it must be made when the module is imported, at its top level`,
    )
  }
  return fn
}
