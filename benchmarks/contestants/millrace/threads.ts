import { threadId } from 'node:worker_threads'
import { chan, go, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import { nsEach, WARM_MS_OF_THREADS } from '../../measure.js'

// What the scenarios of threads have in common.

const keep = parallel(
  import.meta.url,
  async function keep(_: unknown, here: SendChan<number>, end: ReceiveChan<number>) {
    await here.send(threadId)
    await end.receive()
  },
)

/** Does `use` with a thing that another thread knows too, and leaves alone. */
export async function shared<T>(thing: T, use: (thing: T) => number | Promise<number>): Promise<number> {
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

const steps = new Map<string, (job: never) => Promise<number>>()

/** Part of a program, done with a job on another thread, which imports the module for it. */
export interface Order {
  readonly module: string
  readonly step: string
  readonly job: unknown
}

/** Makes a part of a program known to all threads; answers what orders it. */
export function step<J>(
  module: string,
  name: string,
  fn: (job: J) => number | Promise<number>,
): (job: J) => Order {
  steps.set(`${module}#${name}`, async job => fn(job as J))
  return job => ({ module, step: name, job })
}

async function follow({ module, step, job }: Order): Promise<number> {
  const name = `${module}#${step}`
  // Each import of a module that is there already takes longer than a hundred messages.
  if (!steps.has(name)) await import(module)
  return steps.get(name)!(job as never)
}

/** A goroutine on one thread, which does what it is told, several things at a time, and tells the sum of their answers. */
export const station = parallel(
  import.meta.url,
  async function station(here: SendChan<number>, orders: ReceiveChan<Order[]>, sums: SendChan<number>) {
    await here.send(threadId)
    for await (const several of orders) {
      const answers = await Promise.all(several.map(follow))
      await sums.send(answers.reduce((a, b) => a + b, 0))
    }
  },
)

export interface Station {
  /** Tells the station to do all of these at once; answers the sum of their answers. */
  order(orders: readonly Order[]): Promise<number>
  end(): void
}

/** Two stations on two threads. */
export async function twoStations(): Promise<[Station, Station]> {
  runtime.configure({ threads: 2 })
  const found = new Map<number, Station>()
  const unwanted: Station[] = []
  while (found.size < 2) {
    const [here, orders, sums] = [chan<number>(1), chan<Order[]>(1), chan<number>(1)]
    void go(station, here, orders, sums)
    const on = (await here.receive())!
    const one: Station = {
      async order(several) {
        await orders.send([...several])
        return (await sums.receive())!
      },
      end: () => orders.close(),
    }
    if (found.has(on)) unwanted.push(one)
    else found.set(on, one)
    if (unwanted.length > 10_000) throw new Error('the pool has no second thread')
  }
  for (const one of unwanted) one.end()
  return [...found.values()] as [Station, Station]
}

/** Nanoseconds for one of messages that one thread sends and another receives: `program(n)` says what each does. */
export async function betweenThreads(
  count: number,
  program: (n: number) => readonly [senders: readonly Order[], receivers: readonly Order[]],
  checksum: (n: number) => number,
): Promise<number> {
  const [from, to] = await twoStations()
  const run = async (n: number): Promise<number> => {
    const [senders, receivers] = program(n)
    const sums = await Promise.all([to.order(receivers), from.order(senders)])
    return sums[0]
  }
  const took = await nsEach(count, run, checksum, WARM_MS_OF_THREADS)
  from.end()
  to.end()
  return took
}
