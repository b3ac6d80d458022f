import { chan, go, sharedArray } from '@millrace/core'
import { RWMutex, type SyncMisuseError } from '@millrace/sync'
import { equal, isError, ok, range, rejects, staysParked, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './sync-fixtures.js'

/** Readers and writers. What holds of every lock is in lock.laws.ts. After Go's sync/rwmutex_test.go. */
export const rwMutexLaws: Law[] = [
  {
    name: 'as many readers as there are hold an RWMutex at the same time',
    rule: 55,
    async run(world) {
      const mutex = await world.make(RWMutex)
      const [started, told] = [chan<unknown>(), chan<unknown>()]
      const readers = range(8).map(i =>
        i % 4 === 0
          ? fixtures.read(mutex, started, told, false)
          : go(fixtures.read, mutex, started, told, false),
      )
      for (const _ of readers) await started.receive()
      ok(!mutex.tryLock(), 'a writer beside readers')
      told.close()
      await Promise.all(readers)
      ok(mutex.tryLock(), 'it is not free at last')
    },
  },
  {
    name: 'readers never see half of what a writer does, nor a writer another writer, on whichever threads they are',
    rule: 55,
    timeoutMs: 30_000,
    async run(world) {
      const mutex = await world.make(RWMutex)
      const notes = sharedArray('i32', fixtures.NOTES)
      const visits = await Promise.all([
        fixtures.readAndWrite(mutex, notes, 300, 99),
        ...range(10).map(i => go(fixtures.readAndWrite, mutex, notes, 300, i)),
      ])
      const writes = visits.reduce((sum, { writes }) => sum + writes, 0)
      equal([...notes], [0, 0, writes, writes])
      ok(mutex.tryLock(), 'it is not free at last')
    },
  },
  {
    name: 'a waiting writer holds back readers that come, and lets in all that came meanwhile, before the next writer: W0, R1 R2 R4, W3',
    rule: 55,
    async run(world) {
      for (const spread of [false, true]) {
        const mutex = await world.make(RWMutex)
        const [started, log, leave] = [chan<unknown>(1), chan<string>(10), chan<unknown>()]
        await mutex.rlock()
        const coming: Promise<void>[] = []
        const groups = spread ? [['W0'], ['R1', 'R2'], ['W3'], ['R4']] : [['W0', 'R1', 'R2', 'W3', 'R4']]
        for (const names of groups) {
          coming.push(go(fixtures.come, mutex, names, started, log, leave))
          await started.receive()
        }
        ok(!mutex.tryRLock(), 'a reader overtook a writer')
        await staysParked('all', ...coming)
        equal(log.length, 0, 'who has it')
        mutex.runlock()
        equal(await log.receive(), 'W0')
        equal(log.length, 0, 'who has it beside W0')
        await leave.send(true)
        const readers = [await log.receive(), await log.receive(), await log.receive()]
        equal(readers.toSorted(), ['R1', 'R2', 'R4'])
        ok(!mutex.tryRLock(), 'a reader overtook W3')
        await leave.send(true)
        await leave.send(true)
        equal(log.length, 0, 'who has it beside a reader')
        await leave.send(true)
        equal(await log.receive(), 'W3')
        await leave.send(true)
        await Promise.all(coming)
        ok(mutex.tryLock(), 'it is not free at last')
      }
    },
  },
  {
    name: 'readers on another thread go on when the only writer that kept them out gives up',
    rule: 55,
    async run(world) {
      const mutex = await world.make(RWMutex)
      const [started, log, leave] = [chan<unknown>(1), chan<string>(10), chan<unknown>()]
      await mutex.rlock()
      const controller = new AbortController()
      const writer = mutex.lock(controller)
      const coming = go(fixtures.come, mutex, ['R1', 'R2'], started, log, leave)
      await started.receive()
      await staysParked('all', writer, coming)
      equal(log.length, 0, 'who has it')
      controller.abort('enough')
      equal(await rejects(writer, 'the writer'), 'enough')
      equal([await log.receive(), await log.receive()].toSorted(), ['R1', 'R2'])
      leave.close()
      await coming
      mutex.runlock()
      ok(mutex.tryLock(), 'it is not free at last')
    },
  },
  {
    name: 'an RWMutex says so when it is unlocked by who cannot have locked it, and is as it was',
    rule: 51,
    async run(world) {
      const mutex = await world.make(RWMutex)
      const isMisuse = (unlock: () => void, words: string) =>
        isError(throws(unlock, words), 'ERR_SYNC_MISUSE' satisfies SyncMisuseError['code'], words)
      isMisuse(() => mutex.runlock(), 'sync: RUnlock of unlocked RWMutex')
      await mutex.rlock()
      isMisuse(() => mutex.unlock(), 'sync: Unlock of unlocked RWMutex')
      mutex.runlock()
      await mutex.lock()
      isMisuse(() => mutex.runlock(), 'sync: RUnlock of unlocked RWMutex')
      mutex.unlock()
      ok(mutex.tryLock(), 'it is not free')
    },
  },
  {
    name: 'what a reader held whose thread dies is given back, and nobody is told',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const mutex = await world.make(RWMutex)
      const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
      await mutex.rlock()
      const dying = rejects(go(fixtures.read, mutex, started, told, true), 'the reader')
      await started.receive()
      const writer = mutex.lock()
      told.close()
      await dying
      await staysParked('the writer', writer)
      mutex.runlock()
      await writer
      mutex.unlock()
      ok(mutex.tryLock(), 'it is not free')
    },
  },
  {
    name: 'of readers and writers who wait one is told that the writer before them has died; the others have it in their turn',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      for (const order of ['RRW', 'WRR', 'WWR']) {
        const mutex = await world.make(RWMutex)
        const [started, told] = [chan<unknown>(1), chan<unknown>(1)]
        const dying = rejects(go(fixtures.write, mutex, started, told, true), 'the writer')
        await started.receive()
        const outcomes = [...order].map(async kind => {
          try {
            await (kind === 'R' ? mutex.rlock() : mutex.lock())
          } catch (error) {
            isError(error, 'ERR_OWNER_LOST', 'the thread that held this RWMutex for writing has ended')
            return 'told'
          }
          kind === 'R' ? mutex.runlock() : mutex.unlock()
          return 'had it'
        })
        told.close()
        equal((await Promise.all(outcomes)).toSorted(), ['had it', 'had it', 'told'])
        await dying
        ok(mutex.tryLock(), 'it is not free')
      }
    },
  },
  {
    name: 'readers of one thread of whom one is told that the writer has died hold it no more than the others do',
    rule: 'API 8',
    needs: ['process.exit'],
    async run(world) {
      const mutex = await world.make(RWMutex)
      const [started, told, over] = [chan<unknown>(1), chan<unknown>(1), chan<unknown>()]
      const dying = rejects(go(fixtures.write, mutex, started, told, true), 'the writer')
      await started.receive()
      const reading = go(fixtures.readTogether, mutex, 4, started, over)
      await started.receive()
      told.close()
      await dying
      await started.receive()
      ok(!mutex.tryLock(), 'a writer beside readers')
      over.close()
      equal(await reading, { had: 3, told: 1 })
      ok(mutex.tryLock(), 'it is not free')
    },
  },
  {
    name: 'lockSync and rlockSync block a thread until the lock is given back on another',
    rule: 'API 2',
    needs: ['threads'],
    async run(world) {
      const mutex = await world.make(RWMutex)
      for (const way of ['lockSync', 'rlockSync'] as const) {
        await mutex.lock()
        const started = chan<unknown>(1)
        const blocked = go(fixtures.lockSync, mutex, way, started)
        await started.receive()
        await staysParked('the thread', blocked)
        mutex.unlock()
        await blocked
      }
      ok(mutex.tryLock(), 'it is not free')
    },
  },
  {
    name: 'rlocker is the reading side of its RWMutex, the same wherever it comes',
    rule: 56,
    async run(world) {
      const mutex = await world.make(RWMutex)
      const rlocker = mutex.rlocker()
      equal(mutex.rlocker(), rlocker)
      ok(await go(fixtures.isItsRLocker, mutex, rlocker), 'another there')
      equal(await go(fixtures.identity, rlocker), rlocker, 'what came back')
      const [started, log, leave] = [chan<unknown>(1), chan<string>(10), chan<unknown>()]
      for (let round = 0; round < 10; round++) {
        await rlocker.lock()
        await rlocker.lock()
        const writing = go(fixtures.come, mutex, ['W'], started, log, leave)
        await started.receive()
        rlocker.unlock()
        await staysParked('the writer', writing)
        equal(log.length, 0, 'who has it')
        rlocker.unlock()
        equal(await log.receive(), 'W')
        const reading = rlocker.lock()
        await staysParked('the reader', reading)
        await leave.send(true)
        await reading
        rlocker.unlock()
        await writing
      }
    },
  },
]
