import { Mutex, Semaphore, WaitGroup } from '@millrace/sync'
import type { Ways } from '../../contestant.js'
import { itself, nsEach } from '../../measure.js'
import { shared, step, twoStations } from './threads.js'

// The scenarios of @millrace/sync.

const lockTry =
  (count: number) =>
  async (mutex: Mutex): Promise<number> =>
    nsEach(
      count,
      n => {
        let locked = 0
        for (let i = 0; i < n; i++) {
          if (mutex.tryLock()) locked++
          mutex.unlock()
        }
        return locked
      },
      itself,
    )

const lockAwait =
  (count: number) =>
  async (mutex: Mutex): Promise<number> => {
    const run = async (n: number): Promise<number> => {
      for (let i = 0; i < n; i++) {
        await mutex.lock()
        mutex.unlock()
      }
      return n
    }
    return nsEach(count, run, itself)
  }

const acquireTry =
  (count: number) =>
  async (semaphore: Semaphore): Promise<number> =>
    nsEach(
      count,
      n => {
        let acquired = 0
        for (let i = 0; i < n; i++) {
          if (semaphore.tryAcquire()) acquired++
          semaphore.release()
        }
        return acquired
      },
      itself,
    )

const acquireAwait =
  (count: number) =>
  async (semaphore: Semaphore): Promise<number> => {
    const run = async (n: number): Promise<number> => {
      for (let i = 0; i < n; i++) {
        await semaphore.acquire()
        semaphore.release()
      }
      return n
    }
    return nsEach(count, run, itself)
  }

async function actuallyWait(count: number): Promise<number> {
  const run = async (n: number): Promise<number> => {
    for (let i = 0; i < n; i++) {
      const group = new WaitGroup()
      group.go(() => {})
      await group.wait()
    }
    return n
  }
  return nsEach(count, run, itself)
}

const lockEach = step(import.meta.url, 'lockEach', async ({ mutex, n }: { mutex: Mutex; n: number }) => {
  for (let i = 0; i < n; i++) {
    await mutex.lock()
    mutex.unlock()
  }
  return n
})

const lockEachSync = step(
  import.meta.url,
  'lockEachSync',
  async ({ mutex, n }: { mutex: Mutex; n: number }) => {
    for (let i = 0; i < n; i++) {
      mutex.lockSync()
      mutex.unlock()
    }
    return n
  },
)

/** Two goroutines on two threads of the pool, which take one lock in turn or however they can. */
const contended = (each: typeof lockEach) => async (count: number) => {
  const stations = await twoStations()
  const run = async (n: number): Promise<number> => {
    const mutex = new Mutex()
    const halves = stations.map((station, i) => station.order([each({ mutex, n: (n + i) >> 1 })]))
    return (await Promise.all(halves)).reduce((a, b) => a + b)
  }
  const took = await nsEach(count, run, itself)
  for (const station of stations) station.end()
  return took
}

export const syncWays: Ways = {
  'sync/mutex': {
    'plain await': n => lockAwait(n)(new Mutex()),
    'try first': n => lockTry(n)(new Mutex()),
    'shared, plain await': n => shared(new Mutex(), lockAwait(n)),
    'shared, tryLock': n => shared(new Mutex(), lockTry(n)),
  },
  'sync/mutex-contended': { 'plain await': contended(lockEach), lockSync: contended(lockEachSync) },
  'sync/wait-group': { 'plain await': actuallyWait },
  'sync/semaphore': {
    'plain await': n => acquireAwait(n)(new Semaphore(1)),
    tryAcquire: n => acquireTry(n)(new Semaphore(1)),
    'shared, plain await': n => shared(new Semaphore(1), acquireAwait(n)),
    'shared, tryAcquire': n => shared(new Semaphore(1), acquireTry(n)),
  },
}
