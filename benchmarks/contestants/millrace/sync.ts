import { threadId } from 'node:worker_threads'
import { type Chan, chan, go, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import { Mutex, Semaphore, WaitGroup } from '@millrace/sync'
import { itself, nsEach } from '../../measure.js'

// The scenarios of @millrace/sync.

/** What has crossed to another thread, which leaves it alone. */
const keep = parallel(
  import.meta.url,
  async function keep(_: unknown, here: SendChan<number>, end: ReceiveChan<number>) {
    await here.send(threadId)
    await end.receive()
  },
)

/** Does `use` with a thing that another thread knows too. */
async function shared<T>(thing: T, use: (thing: T) => Promise<number>): Promise<number> {
  runtime.configure({ threads: 1 })
  const [here, end] = [chan<number>(1), chan<number>(1)]
  void go(keep, thing, here, end)
  await here.receive()
  try {
    return await use(thing)
  } finally {
    end.close()
  }
}

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

interface Job {
  mutex: Mutex
  n: number
}

const contender = parallel(
  import.meta.url,
  async function contender(here: SendChan<number>, jobs: Chan<Job>, done: SendChan<number>) {
    await here.send(threadId)
    for await (const { mutex, n } of jobs) {
      for (let i = 0; i < n; i++) {
        await mutex.lock()
        mutex.unlock()
      }
      await done.send(n)
    }
  },
)

/** Two goroutines on two threads of the pool, which take one lock in turn or however they can. */
async function contended(count: number): Promise<number> {
  runtime.configure({ threads: 2 })
  const done = chan<number>(2)
  const onThreads = new Map<number, Chan<Job>>()
  const unwanted: Chan<Job>[] = []
  while (onThreads.size < 2) {
    const [here, jobs] = [chan<number>(1), chan<Job>(1)]
    void go(contender, here, jobs, done)
    const on = (await here.receive())!
    if (onThreads.has(on)) unwanted.push(jobs)
    else onThreads.set(on, jobs)
  }
  for (const jobs of unwanted) jobs.close()
  const run = async (n: number): Promise<number> => {
    const mutex = new Mutex()
    for (const jobs of onThreads.values()) await jobs.send({ mutex, n: n / 2 })
    return (await done.receive())! + (await done.receive())!
  }
  const took = await nsEach(count, run, itself)
  for (const jobs of onThreads.values()) jobs.close()
  return took
}

export const syncWays = {
  'sync/mutex-try': {
    'local, tryLock': n => lockTry(n)(new Mutex()),
    'shared, tryLock': n => shared(new Mutex(), lockTry(n)),
  },
  'sync/mutex-await': {
    'local, await lock': n => lockAwait(n)(new Mutex()),
    'shared, await lock': n => shared(new Mutex(), lockAwait(n)),
  },
  'sync/mutex-contended': { 'await lock': contended },
  'sync/wait-group': { '': actuallyWait },
  'sync/semaphore': {
    'local, tryAcquire': n => acquireTry(n)(new Semaphore(1)),
    'local, await acquire': n => acquireAwait(n)(new Semaphore(1)),
    'shared, tryAcquire': n => shared(new Semaphore(1), acquireTry(n)),
    'shared, await acquire': n => shared(new Semaphore(1), acquireAwait(n)),
  },
} satisfies Record<string, Record<string, (count: number) => Promise<number>>>
