// What Node itself offers between threads: MessagePort. It has no bounded queue, so its streams are measured without one, which
// favours it, and once with a window of 1024 that the receiver opens again, which is what a channel does.

import { hrtime, version } from 'node:process'
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads'
import type { Contestant } from '../contestant.js'
import {
  countPrimes,
  fanOut,
  idleCpu,
  itself,
  microseconds,
  nsEach,
  PARTS,
  sumBelow,
  wakeUps,
} from '../measure.js'

interface Role {
  postmessageBenchmark: keyof typeof roles
  main: MessagePort
  peer: MessagePort
  batch: number
  base: bigint
}

const WINDOW = 1024

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
    let n = 0
    let received = 0
    let sum = 0
    const end = (): void => {
      if (n === 0 || received < n) return
      main.postMessage(sum)
      n = received = sum = 0
    }
    peer.on('message', (message: number | number[]) => {
      if (typeof message === 'number') {
        sum += message
        received++
      } else {
        for (const value of message) sum += value
        received += message.length
      }
      end()
    })
    main.on('message', (count: number) => {
      n = count
      end()
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

function start(role: keyof typeof roles, { peer, batch = 1, base = 0n }: Partial<Role> = {}): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const data = { postmessageBenchmark: role, main: port2, peer, batch, base }
  threads.push(
    new Worker(new URL(import.meta.url), { workerData: data, transferList: peer ? [port2, peer] : [port2] }),
  )
  return port1
}

/** What `port` says next. */
const answer = (port: MessagePort): Promise<unknown> => new Promise(resolve => port.once('message', resolve))

async function stop(): Promise<void> {
  await Promise.all(threads.map(thread => thread.terminate()))
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
  const took = await nsEach(count, run, sumBelow)
  await stop()
  return took
}

const THREADS = 2

/** Requests to two threads in turn, and their answers by ticket. */
function requests<A>(role: keyof typeof roles, read: (message: A) => [ticket: number, value: number]) {
  const waiting = new Map<number, (value: number) => void>()
  const ports = Array.from({ length: THREADS }, () => start(role))
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
    ports[ticket % THREADS].postMessage(message(ticket))
    return new Promise(resolve => waiting.set(ticket, resolve))
  }
}

const tasks = (inFlight: number) => async (count: number) => {
  const ask = requests<number>('empty', ticket => [ticket, 0])
  const run = async (n: number): Promise<number> => {
    let left = n
    let done = 0
    const line = async (): Promise<void> => {
      while (left-- > 0) {
        await ask(ticket => ticket)
        done++
      }
    }
    await Promise.all(Array.from({ length: inFlight }, line))
    return done
  }
  const took = await nsEach(count, run, itself)
  await stop()
  return took
}

async function fan(limit: number): Promise<number> {
  const ask = requests<[number, number]>('primes', message => message)
  const took = await fanOut(limit, (from, to) => ask(ticket => [ticket, from, to]))
  await stop()
  return took
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

async function idle(ms: number): Promise<number> {
  start('empty')
  start('empty')
  const took = await idleCpu(ms)
  await stop()
  return took
}

export const contestant: Contestant = {
  name: 'postmessage',
  version: () => `node ${version}`,
  ways: {
    'chan/stream': {
      'a message each': stream('send', 'receive', 1),
      'a message each, window of 1024': stream('sendInWindow', 'receiveInWindow', 1),
      'arrays of 64': stream('send', 'receive', 64),
      'arrays of 1024': stream('send', 'receive', 1024),
    },
    'go/in-flight': { '': tasks(1000) },
    'go/one-at-a-time': { '': tasks(1) },
    'go/fan-out': { [`two threads, ${PARTS / THREADS} parts each`]: fan },
    'wake/p50': { '': wake(0.5) },
    'wake/p99': { '': wake(0.99) },
    'wake/idle-cpu': { '': idle },
  },
}
