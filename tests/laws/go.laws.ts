import { type Chan, ChanSizeError, chan, go, main, runtime, select } from '@millrace/core'
import { equal, eventually, fail, ok, range, rejects, throws, turn } from './expect.js'
import type { Law } from './law.js'

interface Storage {
  run<R>(store: unknown, fn: () => R): R
  getStore(): unknown
}

/** AsyncLocalStorage, on hosts that have it. */
export function asyncLocalStorage(): (new () => Storage) | undefined {
  type Builtins = { getBuiltinModule?(name: string): { AsyncLocalStorage: new () => Storage } | undefined }
  const { process } = globalThis as { process?: Builtins }
  return process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage
}

/** Rules 1 and 30 to 38: goroutines of this thread, and what has nothing to do with the kind of a channel. */
export const goLaws: Law[] = [
  {
    name: 'a capacity that no channel can have is refused',
    rule: 1,
    run() {
      const wrong = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 30, 2 ** 31, 2 ** 53, '3', null, {}]
      for (const capacity of wrong) {
        const error = throws(() => chan(capacity as number), `chan(${String(capacity)})`)
        ok(error instanceof ChanSizeError && error instanceof RangeError, `${String(error)} is another error`)
        equal(error.code, 'ERR_CHAN_SIZE')
        ok(error.message.startsWith('makechan: size out of range'), error.message)
      }
    },
  },
  {
    name: 'a capacity of -0 is 0',
    rule: 1,
    run() {
      equal(chan(-0).capacity, 0)
    },
  },
  {
    name: 'a buffer takes no memory before it is filled',
    rule: 1,
    run() {
      const start = performance.now()
      const channels = range(1000).map(() => chan<number>(2 ** 30 - 1))
      for (const channel of channels) ok(channel.trySend(1), 'no room')
      equal(channels[999]!.tryReceive(), 1)
      ok(performance.now() - start < 2000, 'making 1000 large channels took more than 2 s')
    },
  },
  {
    name: 'go never starts a goroutine before it returns',
    rule: 30,
    async run() {
      const log: string[] = []
      const ending = go(() => void log.push('goroutine'))
      log.push('go returned')
      await ending
      equal(log, ['go returned', 'goroutine'])
    },
  },
  {
    name: 'a goroutine gets the arguments that go was given, the objects themselves, and its result comes back',
    rule: 30,
    async run() {
      const object = {}
      equal(await go((a: object, b: number) => [a === object, b], object, 7), [true, 7])
      equal(await go(async (n: number) => n * 2, 21), 42)
      equal(await go(() => undefined), undefined)
      let n = 1
      const adding = go((by: number) => n + by, n)
      n = 10
      equal(await adding, 11, 'the argument as it was, the variable as it is')
    },
  },
  {
    name: 'go never throws: it rejects with what the function throws or rejects with',
    rule: 33,
    async run() {
      for (const thrown of [new TypeError('own'), 'text', undefined]) {
        const synchronous = go(() => {
          throw thrown
        })
        equal(await rejects(synchronous, 'go'), thrown)
        equal(
          await rejects(
            go(() => Promise.reject(thrown)),
            'go',
          ),
          thrown,
        )
      }
    },
  },
  {
    name: 'go of nil rejects in Go’s words',
    rule: 30,
    async run() {
      for (const nil of [undefined, null, 7, 'f', {}]) {
        const error = await rejects(go(nil as unknown as () => void), 'go of nil')
        ok(error instanceof TypeError, `${String(error)} is not a TypeError`)
        ok(error.message.startsWith('go of nil func value'), error.message)
      }
    },
  },
  {
    name: 'numGoroutine counts the program and those that have started and not ended, however they end',
    rule: 38,
    async run() {
      const before = runtime.numGoroutine()
      ok(before >= 1, 'the program itself is not counted')
      const gate = chan<never>()
      const waiting = range(10).map(() => go(() => gate.receive()))
      equal(runtime.numGoroutine(), before + 10)
      const failing = range(5).map(() => go(() => Promise.reject(new Error('fails'))).catch(() => {}))
      await Promise.all(failing)
      equal(runtime.numGoroutine(), before + 10)
      gate.close()
      await Promise.all(waiting)
      equal(runtime.numGoroutine(), before)
      await rejects(go(undefined as unknown as () => void), 'go of nil')
      equal(runtime.numGoroutine(), before, 'after go of nil')
    },
  },
  {
    name: '10 000 goroutines, each of which starts the next, end',
    rule: 30,
    async run() {
      let started = 0
      const next = async (): Promise<void> => {
        if (++started < 10_000) await go(next)
      }
      await go(next)
      equal(started, 10_000)
    },
  },
  {
    name: 'goroutines on one thread start in some order, all of them, and wake in some order, all of them',
    rule: 31,
    async run() {
      const woken: number[] = []
      const gate = chan<number>()
      const all = range(100).map(i =>
        go(async () => {
          await gate.receive()
          woken.push(i)
        }),
      )
      await turn()
      gate.close()
      await Promise.all(all)
      equal(
        woken.toSorted((a, b) => a - b),
        range(100),
      )
    },
  },
  {
    name: 'the caller’s AsyncLocalStorage goes along into goroutines and through everything they wait for',
    rule: 30,
    needs: ['AsyncLocalStorage'],
    async run() {
      const storage = new (asyncLocalStorage()!)()
      const channel = chan<string>()
      const buffered = chan<number>(1)
      const seen: unknown[] = []
      const look = () => seen.push(storage.getStore())
      const goroutine = async () => {
        look()
        await channel.receive()
        look()
        await select({ channel, never: null })
        look()
        for (let i = 0; i < 2000; i++) {
          await buffered.send(i)
          await buffered.receive()
        }
        look()
        await runtime.gosched()
        look()
        await rejects(channel.receive({ signal: AbortSignal.abort('x') }), 'receive')
        look()
      }
      const running = [storage.run('one', () => go(goroutine)), storage.run('two', () => go(goroutine))]
      await storage.run('sender', async () => {
        for (const i of range(4)) await channel.send(String(i))
      })
      await Promise.all(running)
      equal(seen.toSorted(), [...new Array(6).fill('one'), ...new Array(6).fill('two')])
      equal(storage.getStore(), undefined, 'outside')
    },
  },
  {
    name: 'main starts the program soon, on the main thread, and never before it returns',
    rule: 32,
    async run() {
      const log: string[] = []
      main(async () => log.push(`main ${runtime.isMainThread}`))
      log.push('main returned')
      await turn()
      equal(log, ['main returned', 'main true'])
    },
  },
  {
    name: 'goroutines end by themselves: their numbers come back however many there were',
    rule: 38,
    async run() {
      const before = runtime.numGoroutine()
      const results = chan<number>(10)
      const senders = range(1000).map(i => go(() => results.send(i)))
      let sum = 0
      for (let i = 0; i < 1000; i++) sum += (await results.receive())!
      await Promise.all(senders)
      equal(sum, 499_500)
      await eventually(() => runtime.numGoroutine() <= before, 'the end of all goroutines')
    },
  },
  {
    name: 'a CPU loop on this thread holds up its other goroutines, and nothing is lost',
    rule: 37,
    async run() {
      const channel: Chan<number> = chan<number>(1)
      const receiving = go(() => channel.receive())
      await go(() => {
        const end = performance.now() + 20
        while (performance.now() < end);
        channel.trySend(1)
      })
      equal(await receiving, 1)
    },
  },
  {
    name: 'a million buffered sends in a row need no promise each',
    rule: 106,
    timeoutMs: 60_000,
    async run() {
      const channel = chan<number>(1_000_000)
      const promises = new Set<Promise<void>>()
      for (let i = 0; i < 1_000_000; i++) promises.add(channel.send(i))
      equal(channel.length, 1_000_000)
      ok(promises.size < 10_000, `${promises.size} different promises were made for sends that did not wait`)
      await Promise.all(promises)
      for (let i = 0; i < 1_000_000; i++)
        if (channel.tryReceive() !== i) fail(`value ${i} was not received in order`)
    },
  },
  {
    name: 'the runtime tells what it has, and refuses what it cannot have',
    rule: 38,
    run({ lacks }) {
      ok(Number.isInteger(runtime.numCPU()) && runtime.numCPU() >= 1, 'numCPU')
      equal(runtime.isMainThread, true)
      const size = runtime.gomaxprocs()
      equal(runtime.gomaxprocs(size), size)
      for (const wrong of [0, -1, 64, 1.5, Number.NaN]) {
        ok(
          throws(() => runtime.gomaxprocs(wrong), `gomaxprocs(${wrong})`) instanceof RangeError,
          'not a RangeError',
        )
        ok(
          throws(() => runtime.configure({ threads: wrong }), 'configure') instanceof RangeError,
          'not a RangeError',
        )
        if (wrong === 64 || wrong === 1.5) continue
        const memory = { maximum: wrong }
        ok(throws(() => runtime.configure({ memory }), 'configure') instanceof RangeError, 'not a RangeError')
      }
      for (const wrong of [null, undefined, 4, { memory: 5 }] as never[]) {
        ok(throws(() => runtime.configure(wrong), 'configure') instanceof TypeError, 'not a TypeError')
      }
      equal(runtime.gomaxprocs(), size)
      const { mode, host, threads, memory, goroutines } = runtime.stats()
      equal(mode, lacks.threads === undefined ? 'threads' : 'single-thread')
      if (mode === 'single-thread') equal([size, runtime.gomaxprocs()], [1, 1])
      ok(host.length > 0 && threads.max === size && memory.used <= memory.maximum && goroutines >= 1, 'stats')
    },
  },
]
