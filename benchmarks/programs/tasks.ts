// The programs of tasks on two threads, in one text for all that run tasks.

import { fanOut, idleCpu, itself, nsEach, WARM_MS_OF_THREADS } from '../measure.js'

export interface TaskPool {
  empty(): Promise<unknown>
  primes(from: number, to: number): Promise<number>
  end(): unknown
}

const tasks = (make: (threads: number) => TaskPool, inFlight: number) => async (count: number) => {
  const pool = make(2)
  const run = async (n: number): Promise<number> => {
    let left = n
    let done = 0
    const line = async (): Promise<void> => {
      while (left-- > 0) {
        await pool.empty()
        done++
      }
    }
    await Promise.all(Array.from({ length: inFlight }, line))
    return done
  }
  const took = await nsEach(count, run, itself, WARM_MS_OF_THREADS)
  await pool.end()
  return took
}

const fan = (make: (threads: number) => TaskPool, threads: number) => async (limit: number) => {
  const pool = make(threads)
  const took = await fanOut(limit, (from, to) => pool.primes(from, to))
  await pool.end()
  return took
}

const idle = (make: (threads: number) => TaskPool) => async (ms: number) => {
  const pool = make(2)
  await pool.empty()
  const took = await idleCpu(ms)
  await pool.end()
  return took
}

/** All ways of a library that runs tasks on threads. */
export const taskWays = (make: (threads: number) => TaskPool) => ({
  'go/in-flight': { '': tasks(make, 1000) },
  'go/one-at-a-time': { '': tasks(make, 1) },
  'go/fan-out': { 'one thread': fan(make, 1), 'two threads': fan(make, 2) },
  'wake/idle-cpu': { '': idle(make) },
})
