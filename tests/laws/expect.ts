import { runtime } from '@millrace/core'

/** A law is broken. */
export class LawBroken extends Error {
  override readonly name = 'LawBroken'
}

export function fail(message: string): never {
  throw new LawBroken(message)
}

export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message)
}

/** The same value, or the same structure: arrays, plain objects, Map, Set, Date, RegExp, typed arrays, errors, cycles. */
export function equal(actual: unknown, expected: unknown, what = 'the answer'): void {
  const difference = differenceOf(actual, expected, what, new Map())
  if (difference) fail(difference)
}

function differenceOf(
  actual: unknown,
  expected: unknown,
  path: string,
  seen: Map<unknown, unknown>,
): string | undefined {
  if (Object.is(actual, expected)) return undefined
  const differs = `${path} is ${show(actual)}, not ${show(expected)}`
  if (!isObject(actual) || !isObject(expected)) return differs
  if (seen.has(expected)) return seen.get(expected) === actual ? undefined : `${path} is another object`
  seen.set(expected, actual)
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return differs
  if (expected instanceof Date || expected instanceof RegExp) {
    return String(actual) === String(expected) && Object.is(Number(actual), Number(expected))
      ? undefined
      : differs
  }
  const [a, b] = [contentsOf(actual), contentsOf(expected)]
  if (a.length !== b.length) return `${differs} (${a.length} entries, not ${b.length})`
  for (const [i, [key, value]] of b.entries()) {
    const [actualKey, actualValue] = a[i]!
    const place = `${path}[${show(key)}]`
    const difference =
      differenceOf(actualKey, key, `a key of ${path}`, seen) ?? differenceOf(actualValue, value, place, seen)
    if (difference) return difference
  }
  return undefined
}

function contentsOf(value: object): [unknown, unknown][] {
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value].map(item => [item, item])
  if (value instanceof ArrayBuffer) return Object.entries(new Uint8Array(value))
  if (value instanceof Error) return [['message', value.message], ...Object.entries(value)]
  return Reflect.ownKeys(value).map(key => [key, (value as Record<PropertyKey, unknown>)[key]])
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (!isObject(value)) return String(value)
  try {
    return JSON.stringify(value).slice(0, 200)
  } catch {
    return String(value)
  }
}

/** Runs `fn`, which must throw; answers what. */
export function throws(fn: () => unknown, what: string): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  return fail(`${what} did not throw`)
}

/** Waits for `promise`, which must reject; answers with what. */
export async function rejects(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  return fail(`${what} did not reject but answered ${show(value)}`)
}

/** An error has this code and begins with these words of Go's. */
export function isError(error: unknown, code: string, words: string): void {
  ok(error instanceof Error, `${show(error)} is not an Error`)
  equal((error as { code?: unknown }).code, code, `the code of "${error.message}"`)
  ok(error.message.startsWith(words), `the message "${error.message}" does not begin with "${words}"`)
}

/** Lets everything that is ready happen: two turns, since an operation over budget takes one of its own. */
export async function turn(): Promise<void> {
  await runtime.gosched()
  await runtime.gosched()
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Whether a promise is still pending when everything that is ready has happened. Handles its rejection. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => {
      settled = true
    },
    () => {
      settled = true
    },
  )
  await turn()
  return !settled
}

/** Everything in `promises` must still be waiting. */
export async function staysParked(what: string, ...promises: Promise<unknown>[]): Promise<void> {
  const pending = await Promise.all(promises.map(isPending))
  for (const [i, isStill] of pending.entries()) ok(isStill, `${what} (${i}) did not wait`)
}

/** Waits until `condition` holds, for at most `ms`. */
export async function eventually(condition: () => boolean, what: string, ms = 5000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) fail(`${what} did not happen within ${ms} ms`)
    await sleep(1)
  }
}

/** Whole numbers from 0 to n - 1 in an order that a seed gives (mulberry32). */
export function randomFrom(seed: number): (n: number) => number {
  let state = seed >>> 0
  return n => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * n)
  }
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
