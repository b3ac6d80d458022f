import { runtime } from '@millrace/core'
import { eventually, fail, show } from './expect.js'
import type { Law, World } from './law.js'

/** What came of a law in a world. */
export interface Report {
  readonly world: string
  readonly law: string
  readonly rule: Law['rule']
  readonly ms: number
  /** Why it was not tried. */
  readonly skipped?: string
  /** How it is broken. */
  readonly error?: string
}

const TIMEOUT_MS = 20_000

/** Why `law` cannot be tried in `world`, if it cannot. */
export function skipReason(world: World, law: Law): string | undefined {
  for (const need of law.needs ?? []) if (world.lacks[need] !== undefined) return world.lacks[need]
  return undefined
}

/** Tries a law: it must hold, in time, and leave no goroutine behind. */
export async function tryLaw(world: World, law: Law): Promise<Report> {
  const result = { world: world.name, law: law.name, rule: law.rule }
  const skipped = skipReason(world, law)
  if (skipped !== undefined) return { ...result, ms: 0, skipped }
  const start = performance.now()
  const before = runtime.numGoroutine()
  let error: string | undefined
  try {
    await inTime(law.timeoutMs ?? TIMEOUT_MS, async () => law.run(world))
    await eventually(
      () => runtime.numGoroutine() <= before,
      `the end of all goroutines, ${before} as before,`,
    )
  } catch (thrown) {
    error = thrown instanceof Error && thrown.name !== 'LawBroken' ? withCauses(thrown) : show(thrown)
  }
  const ms = Math.round(performance.now() - start)
  return error === undefined ? { ...result, ms } : { ...result, ms, error }
}

/** The stack of an error, and of what caused it, as far back as it is known. */
function withCauses(error: Error): string {
  return error.cause instanceof Error
    ? `${error.stack ?? error}\ncaused by ${withCauses(error.cause)}`
    : (error.stack ?? String(error))
}

async function inTime(ms: number, run: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      try {
        fail(`it did not end within ${ms} ms`)
      } catch (error) {
        reject(error)
      }
    }, ms)
  })
  try {
    await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}
