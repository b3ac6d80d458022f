import { AtomicBool, chan, go, ParallelError, parallel, runtime } from '@millrace/core'
import { equal, ok, range, rejects, show, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './parallel-fixtures.js'

const url = import.meta.url

/** Rules 30 to 38: goroutines on other threads. */
export const parallelLaws: Law[] = [
  {
    name: 'a parallel function runs on a pool thread, if there are any, and its result comes back',
    rule: 30,
    async run({ lacks }) {
      equal(await go(fixtures.add, 2, 3), 5)
      equal(await go(fixtures.isMain), lacks.threads !== undefined)
      equal(await go(fixtures.nop), undefined)
      equal(await go(fixtures.howMany), 0)
      equal(await go(fixtures.howMany, undefined, null, 0), 3)
    },
  },
  {
    name: 'called directly a parallel function runs here',
    rule: 30,
    async run() {
      equal(fixtures.isMain(), true)
      const object = {}
      equal(fixtures.identity(object), object)
      equal(await fixtures.add(1, 2), 3)
    },
  },
  {
    name: 'goroutines run on several threads at once',
    rule: 30,
    needs: ['threads'],
    async run() {
      const names = new Set<string>()
      for (let round = 0; round < 200 && names.size < 4; round++) {
        for (const name of await Promise.all(range(8).map(() => go(fixtures.spin, 20)))) names.add(name)
      }
      equal(
        names.size,
        4,
        `with ${JSON.stringify(runtime.stats().threads)} the threads that goroutines ran on`,
      )
      equal(runtime.stats().threads, { max: 4, running: 4, lost: runtime.stats().threads.lost })
    },
  },
  {
    name: 'a goroutine that keeps its thread busy holds up no goroutine that has not started',
    rule: 30,
    needs: ['threads'],
    async run() {
      const [started, over] = [chan<unknown>(1), new AtomicBool()]
      const spin = go(fixtures.spinUntil, started, over)
      await started.receive()
      for (const i of range(20)) equal(await go(fixtures.add, i, 1), i + 1)
      over.store(true)
      ok(await spin, '20 goroutines waited for the busy thread')
    },
  },
  {
    name: '10 000 goroutines started at once all run, more than the injector holds',
    rule: 106,
    async run() {
      const results = await Promise.all(range(10_000).map(i => go(fixtures.identity, i)))
      equal(results, range(10_000))
    },
  },
  {
    name: 'a thousand parked goroutines need no thousand threads',
    rule: 30,
    async run() {
      const [started, gate] = [chan<string>(10), chan<unknown>(1)]
      const before = runtime.numGoroutine()
      const waiting = range(1000).map(() => go(fixtures.waitWhenStarted, started, gate))
      for (let i = 0; i < 1000; i++) await started.receive()
      equal(runtime.numGoroutine(), before + 1000)
      equal(await go(fixtures.add, 1, 1), 2, 'another one meanwhile')
      gate.close()
      ok(new Set(await Promise.all(waiting)).size <= 4, 'more threads than the pool may have')
    },
  },
  {
    name: 'goroutines start goroutines from any thread, and there is one pool',
    rule: 30,
    needs: ['threads'],
    async run() {
      equal(await go(fixtures.fibonacci, 12), 144)
      const names = await go(fixtures.spread, 16, 15)
      ok(
        names.length > 1 && names.length <= 4,
        `16 goroutines of a pool thread ran on ${names.length} threads`,
      )
    },
  },
  {
    name: 'a parallel function needs a name of its own and its module’s URL',
    rule: 'API 3',
    run() {
      const wrong: [string, string, () => unknown][] = [
        [
          'anonymous',
          url,
          () =>
            parallel(
              url,
              (
                () => () =>
                  1
              )(),
            ),
        ],
        ['not a URL', 'here', () => parallel('here', function f() {})],
        ['nil', url, () => parallel(url, undefined as unknown as () => void)],
      ]
      for (const [what, module, make] of wrong) {
        const error = throws(make, what)
        ok(error instanceof ParallelError, `${what}: ${show(error)} is not a ParallelError`)
        equal(error.code, 'ERR_PARALLEL')
        if (what !== 'nil')
          ok(error.message.includes(module), `${what}: the module is not named: ${error.message}`)
      }
    },
  },
  {
    name: 'two parallel functions of one name in one module are refused, by module and name',
    rule: 'API 3',
    run() {
      const module = 'file:///somewhere/twice.js'
      const make = () => parallel(module, function twice() {})
      const seen = throws(() => [make(), make()], 'the second one')
      ok(seen instanceof ParallelError && seen.code === 'ERR_PARALLEL', show(seen))
      ok(seen.message.includes(module) && seen.message.includes('twice'), seen.message)
      parallel('file:///somewhere/else.js', function twice() {})
    },
  },
  {
    name: 'a parallel function that its module does not make on other threads rejects, by module and name',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const { onlyOnMain } = await import('./broken/missing-on-threads.js')
      const error = await rejects(go(onlyOnMain!), 'go')
      ok(error instanceof ParallelError, `${show(error)} is not a ParallelError`)
      equal(error.code, 'ERR_PARALLEL')
      ok(error.message.includes('onlyOnMain') && error.message.includes('missing-on-threads'), error.message)
    },
  },
  {
    name: 'a module that fails to import rejects with that error, and its thread goes on',
    rule: 'API 8',
    needs: ['threads'],
    async run() {
      const lost = runtime.stats().threads.lost
      const { unreachable } = await import('./broken/throws-on-threads.js')
      for (let i = 0; i < 3; i++) {
        const error = await rejects(go(unreachable), 'go')
        ok(error instanceof TypeError && error.message === 'this module does not load here', show(error))
        equal((error as { code?: unknown }).code, 'ERR_OWN_IMPORT')
      }
      const nowhere = parallel(new URL('./not-there.js', url).href, function nowhere() {})
      const missing = await rejects(go(nowhere), 'go')
      ok(missing instanceof Error && missing.message.includes('not-there'), show(missing))
      equal(await go(fixtures.add, 1, 1), 2)
      equal(runtime.stats().threads.lost, lost, 'threads lost')
    },
  },
  {
    name: 'a program that forgot main() is told so by the threads that would start it again',
    rule: 'API 3',
    needs: ['threads'],
    async run() {
      const { outcome, ofTheTopLevel } = await import('./broken/starts-itself.js')
      equal(await ofTheTopLevel, 'worked', 'here')
      const [code, message] = (await go(outcome)) as [string, string]
      equal(code, 'ERR_PARALLEL')
      ok(message.includes('main('), message)
    },
  },
  {
    name: 'numGoroutine counts goroutines on all threads',
    rule: 38,
    async run() {
      const before = runtime.numGoroutine()
      const [started, gate] = [chan<string>(1), chan<unknown>(1)]
      const waiting = range(20).map(() => go(fixtures.waitWhenStarted, started, gate))
      for (let i = 0; i < 20; i++) await started.receive()
      equal(runtime.numGoroutine(), before + 20)
      gate.close()
      await Promise.all(waiting)
      equal(runtime.numGoroutine(), before)
    },
  },
  {
    name: 'an endless flow of new goroutines lets timers run on their thread',
    rule: 36,
    async run() {
      const before = runtime.gomaxprocs(1)
      const { isOver, started } = await go(fixtures.flood, 20, 1_000_000)
      ok(isOver, `a timer of 20 ms had not fired after ${started} goroutines`)
      runtime.gomaxprocs(before)
    },
  },
]
