// What Node itself offers between threads: MessagePort. It has no bounded queue, so its streams are measured without one, which
// favours it, and once with a window of 1024 that the receiver opens again, which is what a channel does.

import { hrtime, version } from 'node:process'
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads'
import type { Contestant } from '../contestant.js'
import { countPrimes, microseconds, nsEach, sumBelow, WARM_MS_OF_THREADS, wakeUps } from '../measure.js'
import { type Payload, payloads } from '../programs/payloads.js'
import { importWay, startWay } from '../programs/starting.js'
import { type TaskPool, taskWays } from '../programs/tasks.js'
import { isOwn } from '../programs/why.js'

interface Role {
  postmessageBenchmark: keyof typeof roles
  main: MessagePort
  peer: MessagePort
  batch: number
  base: bigint
  /** Which payload, and whether it is moved instead of copied. */
  kind?: [name: 'object' | 'string' | 'bytes64k' | 'bytes1m', isMoved: boolean]
}

const WINDOW = 1024

/** Asked for n, tells the sum of so many that have come: each call says of some how many they were, and their sum. */
function tellSum(main: MessagePort): (count: number, sum: number) => void {
  let n = 0
  let received = 0
  let total = 0
  const end = (): void => {
    if (n === 0 || received < n) return
    main.postMessage(total)
    n = received = total = 0
  }
  main.on('message', (count: number) => {
    n = count
    end()
  })
  return (count, sum) => {
    received += count
    total += sum
    end()
  }
}

const roles = {
  /** Asked for n, sends so many numbers to the peer, `batch` to a message. */
  send({ main, peer, batch }: Role) {
    main.on('message', (n: number) => {
      if (batch === 1) {
        for (let i = 0; i < n; i++) peer.postMessage(i)
        return
      }
      for (let i = 0; i < n; i += batch) {
        peer.postMessage(Array.from({ length: Math.min(batch, n - i) }, (_, k) => i + k))
      }
    })
  },
  /** The same, one to a message, and never more than WINDOW that the peer has not acknowledged. */
  sendInWindow({ main, peer }: Role) {
    let next = 0
    let acknowledged = 0
    let n = 0
    const more = (): void => {
      while (next < n && next - acknowledged < WINDOW) peer.postMessage(next++)
    }
    peer.on('message', (received: number) => {
      acknowledged = received
      more()
    })
    main.on('message', (count: number) => {
      next = acknowledged = 0
      n = count
      more()
    })
  },
  /** Asked for n, tells the sum of so many numbers. */
  receive({ main, peer }: Role) {
    const add = tellSum(main)
    peer.on('message', (message: number | number[]) => {
      if (typeof message === 'number') return add(1, message)
      let sum = 0
      for (const value of message) sum += value
      add(message.length, sum)
    })
  },
  receiveInWindow({ main, peer }: Role) {
    let n = 0
    let received = 0
    let sum = 0
    peer.on('message', (value: number) => {
      sum += value
      if (++received % (WINDOW / 2) === 0) peer.postMessage(received)
      if (received < n) return
      main.postMessage(sum)
      received = sum = 0
    })
    main.on('message', (count: number) => {
      n = count
      main.postMessage('ready')
    })
  },
  /** Asked for n, sends so many payloads to the peer, no more than `payloads.window` that are not acknowledged. */
  sendPayloads({ main, peer, kind }: Role) {
    const [name, isMoved] = kind!
    let left = 0
    let free = payloads.window
    const more = (): void => {
      for (; left > 0 && free > 0; left--, free--) {
        const payload = payloads[name]()
        if (isMoved) {
          // A new one each time, written anew: the last is gone.
          const bytes = new Uint8Array((payload as Uint8Array).length).fill(7)
          peer.postMessage(bytes, [bytes.buffer])
        } else peer.postMessage(payload)
      }
    }
    peer.on('message', (count: number) => {
      free += count
      more()
    })
    main.on('message', (n: number) => {
      left = n
      more()
    })
  },
  /** Asked for n, tells what so many payloads weigh together; acknowledges half a window at a time. */
  weighPayloads({ main, peer }: Role) {
    const add = tellSum(main)
    const half = payloads.window / 2
    let unacknowledged = 0
    peer.on('message', (payload: Payload) => {
      if (++unacknowledged === half) {
        peer.postMessage(half)
        unacknowledged = 0
      }
      add(1, payloads.weigh(payload))
    })
  },
  empty({ main }: Role) {
    main.on('message', (ticket: number) => main.postMessage(ticket))
  },
  primes({ main }: Role) {
    main.on('message', ([ticket, from, to]: number[]) => main.postMessage([ticket, countPrimes(from, to)]))
  },
  tellWhen({ main, base }: Role) {
    main.on('message', () => main.postMessage(microseconds(base)))
  },
}

if (!isMainThread && workerData?.postmessageBenchmark) {
  const role = workerData as Role
  roles[role.postmessageBenchmark](role)
}

const threads: Worker[] = []

function start(
  role: keyof typeof roles,
  { peer, batch = 1, base = 0n, kind }: Partial<Role> = {},
): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const data = { postmessageBenchmark: role, main: port2, peer, batch, base, kind }
  threads.push(
    new Worker(new URL(import.meta.url), { workerData: data, transferList: peer ? [port2, peer] : [port2] }),
  )
  return port1
}

/** What `port` says next. */
const answer = (port: MessagePort): Promise<unknown> => new Promise(resolve => port.once('message', resolve))

async function stop(): Promise<void> {
  await Promise.all(threads.splice(0).map(thread => thread.terminate()))
}

const stream = (from: keyof typeof roles, to: keyof typeof roles, batch: number) => async (count: number) => {
  const { port1, port2 } = new MessageChannel()
  const producer = start(from, { peer: port1, batch })
  const consumer = start(to, { peer: port2 })
  const run = async (n: number): Promise<number> => {
    const ready = to === 'receiveInWindow' ? answer(consumer) : undefined
    consumer.postMessage(n)
    await ready
    const sum = answer(consumer)
    producer.postMessage(n)
    return (await sum) as number
  }
  const took = await nsEach(count, run, sumBelow, WARM_MS_OF_THREADS)
  await stop()
  return took
}

const payload = (kind: NonNullable<Role['kind']>) => async (count: number) => {
  const { port1, port2 } = new MessageChannel()
  const producer = start('sendPayloads', { peer: port1, kind })
  const consumer = start('weighPayloads', { peer: port2 })
  const run = async (n: number): Promise<number> => {
    const sum = answer(consumer)
    consumer.postMessage(n)
    producer.postMessage(n)
    return (await sum) as number
  }
  const weight = payloads.weigh(payloads[kind[0]]())
  const took = await nsEach(count, run, n => n * weight, WARM_MS_OF_THREADS)
  await stop()
  return took
}

/** Requests to threads in turn, and their answers by ticket. */
function requests<A>(
  count: number,
  role: keyof typeof roles,
  read: (message: A) => [ticket: number, value: number],
) {
  const waiting = new Map<number, (value: number) => void>()
  const ports = Array.from({ length: count }, () => start(role))
  for (const port of ports) {
    port.on('message', (message: A) => {
      const [ticket, value] = read(message)
      waiting.get(ticket)!(value)
      waiting.delete(ticket)
    })
  }
  let tickets = 0
  return (message: (ticket: number) => unknown): Promise<number> => {
    const ticket = tickets++
    ports[ticket % count].postMessage(message(ticket))
    return new Promise(resolve => waiting.set(ticket, resolve))
  }
}

const forPrimes = (threads: number) => requests<[number, number]>(threads, 'primes', message => message)

function pool(threads: number): TaskPool {
  const ask = requests<number>(threads, 'empty', ticket => [ticket, 0])
  let askPrimes: ReturnType<typeof forPrimes> | undefined
  return {
    empty: () => ask(ticket => ticket),
    primes(from, to) {
      askPrimes ??= forPrimes(threads)
      return askPrimes(ticket => [ticket, from, to])
    },
    end: stop,
  }
}

const wake = (p: number) => async (count: number) => {
  const base = hrtime.bigint()
  const port = start('tellWhen', { base })
  const took = await wakeUps(count, p, async () => {
    const back = answer(port)
    const sent = microseconds(base)
    port.postMessage(1)
    return ((await back) as number) - sent
  })
  await stop()
  return took
}

export const contestant: Contestant = {
  name: 'postmessage',
  version: () => `node ${version}`,
  cannot: name => (isOwn(name) ? undefined : name.startsWith('sync') ? 'no locks' : 'messages only'),
  ways: {
    'chan/stream': {
      'a message each': stream('send', 'receive', 1),
      'a message each, window of 1024': stream('sendInWindow', 'receiveInWindow', 1),
      'arrays of 64': stream('send', 'receive', 64),
      'arrays of 1024': stream('send', 'receive', 1024),
    },
    'payload/object-100': { '': payload(['object', false]) },
    'payload/string-1k': { '': payload(['string', false]) },
    'payload/bytes-64k': {
      copy: payload(['bytes64k', false]),
      'transfer, filled': payload(['bytes64k', true]),
    },
    'payload/bytes-1m': { copy: payload(['bytes1m', false]), 'transfer, filled': payload(['bytes1m', true]) },
    ...taskWays(pool),
    'wake/p50': { '': wake(0.5) },
    'wake/p99': { '': wake(0.99) },
    'start/import': importWay('node:worker_threads', 'node:worker_threads'),
    'start/goroutine': startWay('worker', 'a Worker of Node, and a message from it'),
  },
}
