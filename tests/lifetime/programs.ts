import { createServer } from 'node:http'
import process from 'node:process'
import { after, type Chan, chan, go, main, runtime, select, Timer, tick } from '@millrace/core'
import * as fixtures from './fixtures.js'

// Programs whose end is what matters: lifetime.test.ts starts each as a process of its own. Argument: which, and its own ones.

const { say } = fixtures
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
/** Longer than any program may live. */
const HOUR_MS = 3_600_000
const forEver = (): Promise<unknown> => chan<never>(1).receive()

/** `count` goroutines of the pool that wait for ever. */
async function parkOnPool(count: number): Promise<Chan<unknown>> {
  const [started, gate] = [chan<unknown>(1), chan<unknown>(1)]
  for (let i = 0; i < count; i++) void go(fixtures.park, started, gate)
  for (let i = 0; i < count; i++) await started.receive()
  return gate
}

const programs: Record<string, (...args: string[]) => unknown> = {
  async 'idle pool'() {
    await Promise.all([go(fixtures.nop), go(fixtures.nop), go(fixtures.nop)])
    say('last')
  },

  async 'parked on the pool for ever'() {
    await parkOnPool(20)
    say('last')
  },

  async 'parked everywhere for ever'() {
    const gate = await parkOnPool(5)
    void go(() => gate.receive())
    say('last')
    await select({ gate, never: null })
  },

  async 'parked here for ever, pool never started'() {
    say('last')
    await forEver()
  },

  async 'two threads that wait for each other'() {
    const [a, b] = [chan<string>(1), chan<string>(1)]
    void go(fixtures.echo, a, b)
    void go(fixtures.echo, b, a)
    await a.send('for a while')
    for (let i = 0; i < 100; i++) await runtime.gosched()
    let value: string | undefined
    while ((value = a.tryReceive() ?? b.tryReceive()) === undefined) await runtime.gosched()
    say(value)
    say('last')
  },

  async 'CPU loop, awaited'() {
    say(await go(fixtures.spin, 500))
    say('last')
  },

  async 'CPU loop, nobody waits'() {
    void go(fixtures.spin, 500)
  },

  async 'timer, awaited'() {
    say(await go(fixtures.nap, 500))
    say('last')
  },

  async 'timer, nobody waits'() {
    void go(fixtures.nap, 500)
  },

  async 'a timer of here, waited for on the pool'() {
    void go(fixtures.awaitOne, after(500), chan<unknown>(1))
  },

  async 'a timer of here, stopped, that the pool waits for'() {
    const timer = new Timer(HOUR_MS)
    const started = chan<unknown>(1)
    void go(fixtures.awaitOne, timer.c, started)
    await started.receive()
    timer.stop()
    say('last')
  },

  async 'a ticker of here that the pool knows and nobody waits for'() {
    await go(fixtures.keep, tick(10))
    say('last')
  },

  async 'a wait on the pool that a timer ends'() {
    say(String(await go(fixtures.waitAtMost, chan<unknown>(1), 500)))
    say('last')
  },

  async 'I/O, awaited'(url) {
    say(await go(fixtures.read, url!))
    say('last')
  },

  async 'I/O, nobody waits'(url) {
    void go(fixtures.read, url!)
  },

  async 'main parked, pool sends later'() {
    const channel = chan<string>(1)
    void go(fixtures.sendLater, channel, 600)
    say(`got ${await channel.receive()}`)
    say('last')
  },

  async 'main selects, pool sends later'() {
    const [channel, other] = [chan<string>(1), chan<string>(1)]
    void go(fixtures.sendLater, channel, 600)
    const hit = await select({ other, channel })
    say(`got ${hit.value}`)
    say('last')
  },

  async 'pool parked, main sends after a timer'() {
    const [there, back] = [chan<string>(1), chan<string>(1)]
    void go(fixtures.echo, there, back)
    setTimeout(() => void there.send('hello'), 600)
    say(`got ${await back.receive()}`)
    say('last')
  },

  async 'rests many times on the way'() {
    const [there, back] = [chan<string>(1), chan<string>(1)]
    void go(fixtures.echo, there, back)
    for (let i = 0; i < 30; i++) {
      await there.send(String(i))
      await back.receive()
      await go(fixtures.nop)
      if (i % 3 === 0) await sleep(5)
    }
    say('last')
  },

  async 'main throws'() {
    await parkOnPool(3)
    say('last')
    throw new Error('main failed')
  },

  async 'main throws while the pool works'() {
    void go(fixtures.spin, 60_000)
    await sleep(300)
    say('last')
    throw new Error('main failed')
  },

  async 'a goroutine here fails and nobody handles it'() {
    await parkOnPool(1)
    say('last')
    void go(() => Promise.reject(new RangeError('nobody handles this')))
    await sleep(60_000)
  },

  async 'a goroutine of the pool fails and nobody handles it'() {
    await parkOnPool(1)
    say('last')
    void go(fixtures.fail)
    await sleep(60_000)
  },

  async 'a handled rejection is none'() {
    await go(fixtures.fail).catch(error => say(error.message))
    await go(() => Promise.reject(new Error('here'))).catch(error => say(error.message))
    say('last')
  },

  async 'unref’ed timers'() {
    setInterval(() => {}, 1000).unref()
    const started = chan<unknown>(1)
    await go(fixtures.leaveUnrefTimer, started)
    await started.receive()
    say('last')
  },

  async 'a thread that died'() {
    await go(fixtures.exit).catch(error => say(error.code))
    await go(fixtures.nop)
    say('last')
  },

  async 'a canceled wait'() {
    const gate = await parkOnPool(2)
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 100)
    say(String(await gate.receive({ signal: controller.signal }).catch(reason => reason)))
    say('last')
  },

  async 'after a shutdown'() {
    await parkOnPool(2).catch(() => {})
    process.on('unhandledRejection', () => {})
    await runtime.shutdown()
    await go(fixtures.nop)
    say('last')
  },

  async 'after a shutdown that interrupts'() {
    const started = chan<unknown>(1)
    const spinning = go(fixtures.spinForEver, started).catch(error => say(error.code))
    await started.receive()
    await runtime.shutdown()
    await spinning
    await go(fixtures.nop)
    say('last')
  },

  async 'after fewer threads'() {
    runtime.gomaxprocs(4)
    const [started, gate] = [chan<unknown>(1), chan<unknown>(1)]
    const parked = Array.from({ length: 8 }, () => go(fixtures.park, started, gate))
    for (let i = 0; i < 8; i++) await started.receive()
    runtime.gomaxprocs(1)
    gate.close()
    await Promise.all(parked)
    await go(fixtures.nop)
    say('last')
  },

  /** Prints how much CPU time one second took in which nobody had anything to do. */
  async 'an idle server'() {
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    runtime.gomaxprocs(4)
    await Promise.all(Array.from({ length: 8 }, () => go(fixtures.nap, 50)))
    await parkOnPool(40)
    const [there, back] = [chan<string>(1), chan<string>(1)]
    void go(fixtures.echo, there, back)
    void go(() => back.receive())
    await sleep(500)
    const before = process.cpuUsage()
    const start = performance.now()
    await sleep(1000)
    const { user, system } = process.cpuUsage(before)
    const share = (user + system) / 1000 / (performance.now() - start)
    say(JSON.stringify({ share, threads: runtime.stats().threads.running }))
    server.close()
    say('last')
  },
}

const [name = '', ...args] = process.argv.slice(2)
main(() => programs[name]!(...args))
