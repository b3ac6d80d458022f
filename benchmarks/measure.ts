// What contestants measure with. Every measurement is warmed up, of a fixed count, and its result is checked, so that no
// part of the work can be left out.

import { cpuUsage, hrtime, memoryUsage } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { TRIAL } from './scenario.js'
import { quantile } from './statistics.js'

// As much as what is measured.
export const WARM_UPS = 4
/** At the least where threads meet: two that wait for each other may lie on one core for some tenths of a second, though another is idle. */
export const WARM_MS_OF_THREADS = 600
const QUICK_WAKE_UPS = 2000
const GAP_MS = 2
const SETTLE_MS = 500

/**
 * Nanoseconds for one of `count` operations. `run(n)` does n of them and answers their checksum, which must be `checksum(n)`. It is
 * warmed up for `warmMs` at the least, unless it is but tried.
 */
export async function nsEach(
  count: number,
  run: (n: number) => number | Promise<number>,
  checksum: (n: number) => number,
  warmMs = 0,
): Promise<number> {
  const check = (n: number, sum: number): void => {
    if (sum !== checksum(n)) throw new Error(`wrong result: ${sum} instead of ${checksum(n)}`)
  }
  const warm = Math.ceil(count / WARM_UPS)
  const warmAt = performance.now() + (count > TRIAL ? warmMs : 0)
  for (let i = 0; i < WARM_UPS || performance.now() < warmAt; i++) {
    check(warm, await run(warm))
    // Not later: a collection in which nothing of a kind is alive takes the code with it that was compiled for that kind.
    if (i === 0) globalThis.gc?.()
  }
  const start = hrtime.bigint()
  const sum = await run(count)
  const took = Number(hrtime.bigint() - start)
  check(count, sum)
  return took / count
}

/** 0 + 1 + … + (n - 1) */
export const sumBelow = (n: number): number => (n * (n - 1)) / 2
export const itself = (n: number): number => n

/** Microseconds since `base`, on a clock that all threads of the process share: on Node. */
export const microseconds = (base: bigint): number => Number(hrtime.bigint() - base) / 1000

/**
 * The `p`-quantile of the time that `wakeUp` answers, each time asked after a pause in which everything goes to sleep. Fails where
 * threads have clocks of their own, as nothing can be told from them.
 */
export async function wakeUps(count: number, p: number, wakeUp: () => Promise<number>): Promise<number> {
  for (let i = 0; i < Math.min(count * 10, QUICK_WAKE_UPS); i++) await wakeUp()
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    await sleep(GAP_MS)
    times.push(await wakeUp())
  }
  if (times.some(time => time < 0)) throw new Error('its threads have clocks of their own')
  return quantile(times, p)
}

/** Microseconds of CPU time per second that the process takes, watched for `ms`. */
export async function idleCpu(ms: number): Promise<number> {
  await sleep(Math.min(ms, SETTLE_MS))
  const before = cpuUsage()
  await sleep(ms)
  const { user, system } = cpuUsage(before)
  return ((user + system) * 1000) / ms
}

/** Bytes, of the process or of its heap, after everything that can be collected has been. */
export async function bytesInUse(of: 'rss' | 'heapUsed'): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc!()
    await sleep(20)
  }
  return memoryUsage()[of]
}

/** The primes in [from, to), counted the slow way: a loop that only computes. */
export function countPrimes(from: number, to: number): number {
  let primes = 0
  for (let n = Math.max(from, 2); n < to; n++) {
    let divisor = 2
    while (divisor * divisor <= n && n % divisor !== 0) divisor++
    if (divisor * divisor > n) primes++
  }
  return primes
}

export const PARTS = 64

/** Milliseconds to count the primes below `limit`, where `part` counts those of one part, on whichever thread. */
export async function fanOut(
  limit: number,
  part: (from: number, to: number) => Promise<number>,
): Promise<number> {
  const all = async (n: number): Promise<number> => {
    const size = Math.ceil(n / PARTS)
    const counts = Array.from({ length: PARTS }, (_, i) => part(i * size, Math.min((i + 1) * size, n)))
    return (await Promise.all(counts)).reduce((a, b) => a + b)
  }
  const check = (n: number, primes: number): void => {
    if (primes !== sievePrimes(n)) throw new Error(`wrong result: ${primes} primes below ${n}`)
  }
  for (let i = 0; i < 3; i++) check(limit / 10, await all(limit / 10))
  const start = hrtime.bigint()
  const primes = await all(limit)
  const took = Number(hrtime.bigint() - start) / 1e6
  check(limit, primes)
  return took
}

/** The primes below `limit`, counted the quick way. */
function sievePrimes(limit: number): number {
  const composite = new Uint8Array(limit)
  let primes = 0
  for (let n = 2; n < limit; n++) {
    if (composite[n]) continue
    primes++
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1
  }
  return primes
}
