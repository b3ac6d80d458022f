import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Contestant } from '../contestant.js'
import { countPrimes, fanOut, idleCpu, itself, nsEach } from '../measure.js'

// What its threads run: they import this file and find these by name.
export const empty = (): void => {}
export const primes = ([from, to]: [number, number]): number => countPrimes(from, to)

const pool = (threads: number, name: string): Piscina =>
  new Piscina({ filename: fileURLToPath(import.meta.url), name, minThreads: threads, maxThreads: threads })

const tasks = (inFlight: number) => async (count: number) => {
  const threads = pool(2, 'empty')
  const run = async (n: number): Promise<number> => {
    let left = n
    let done = 0
    const line = async (): Promise<void> => {
      while (left-- > 0) {
        await threads.run(undefined)
        done++
      }
    }
    await Promise.all(Array.from({ length: inFlight }, line))
    return done
  }
  const took = await nsEach(count, run, itself)
  await threads.destroy()
  return took
}

const fan = (threads: number) => async (limit: number) => {
  const own = pool(threads, 'primes')
  const took = await fanOut(limit, (from, to) => own.run([from, to]))
  await own.destroy()
  return took
}

async function idle(ms: number): Promise<number> {
  const threads = pool(2, 'empty')
  await threads.run(undefined)
  const took = await idleCpu(ms)
  await threads.destroy()
  return took
}

export const contestant: Contestant = {
  name: 'piscina',
  version: () => Piscina.version,
  ways: {
    'go/in-flight': { '': tasks(1000) },
    'go/one-at-a-time': { '': tasks(1) },
    'go/fan-out': { 'one thread': fan(1), 'two threads': fan(2) },
    'wake/idle-cpu': { '': idle },
  },
}
