import { go, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'
import * as sync from '@millrace/sync'
import { Once, type RWMutex, type WaitGroup } from '@millrace/sync'
import { randomFrom } from './expect.js'
import { endWhen } from './lock-fixtures.js'

// What the laws of `sync` start on other threads.

/** What there is of `sync`, by the names of classes. */
export const makeThing = parallel(import.meta.url, function makeThing(name: string, args: unknown[]) {
  // biome-ignore lint/performance/noDynamicNamespaceImportAccess: nothing is bundled here
  const Class = sync[name as keyof typeof sync] as unknown as new (...args: unknown[]) => object
  return new Class(...args)
})

/** Gets to know whatever it is given. */
export const meet = parallel(import.meta.url, function meet(..._things: unknown[]) {})

export const identity = parallel(import.meta.url, function identity(thing: unknown) {
  return thing
})

export const areSame = parallel(import.meta.url, function areSame(a: unknown, b: unknown) {
  return a === b
})

/** Whether the two things that come over `carrier` are one. */
export const comeAsOne = parallel(import.meta.url, async function comeAsOne(carrier: ReceiveChan<unknown>) {
  const first = await carrier.receive()
  return first === (await carrier.receive())
})

// RWMutex -------------------------------------------------------------------------------------------------------------

export const isItsRLocker = parallel(
  import.meta.url,
  function isItsRLocker(mutex: RWMutex, rlocker: sync.Locker) {
    return mutex.rlocker() === rlocker
  },
)

/** What readers and writers note: how many there are, and two numbers that only a writer makes differ. */
export const READING = 0
export const WRITING = 1
export const LEFT = 2
export const RIGHT = 3
export const NOTES = 4

/** Reads and writes `times` times, and looks for others who should not be there. Go's HammerRWMutex. */
export const readAndWrite = parallel(
  import.meta.url,
  async function readAndWrite(mutex: RWMutex, notes: Int32Array, times: number, seed: number) {
    const random = randomFrom(seed)
    const pause = () => (random(4) === 0 ? runtime.gosched() : undefined)
    let [reads, writes] = [0, 0]
    for (let i = 0; i < times; i++) {
      if (random(5) === 0) {
        if (random(3) > 0) await mutex.lock()
        else if (!mutex.tryLock()) continue
        if (Atomics.add(notes, WRITING, 1) !== 0) throw new Error('a writer beside another')
        if (Atomics.load(notes, READING) !== 0) throw new Error('a writer beside readers')
        notes[LEFT]!++
        await pause()
        notes[RIGHT]!++
        Atomics.sub(notes, WRITING, 1)
        mutex.unlock()
        writes++
      } else {
        if (random(3) > 0) await mutex.rlock()
        else if (!mutex.tryRLock()) continue
        Atomics.add(notes, READING, 1)
        await pause()
        if (Atomics.load(notes, WRITING) !== 0) throw new Error('a reader beside a writer')
        if (notes[LEFT] !== notes[RIGHT]) throw new Error('half written')
        Atomics.sub(notes, READING, 1)
        mutex.runlock()
        reads++
      }
    }
    return { reads, writes }
  },
)

/** Locks for reading, says so, and when told leaves, or ends its thread. */
export const read = parallel(
  import.meta.url,
  async function read(mutex: RWMutex, started: SendChan<unknown>, told: ReceiveChan<unknown>, dies: boolean) {
    await mutex.rlock()
    await started.send(true)
    if (dies) endWhen(told)
    await told.receive()
    mutex.runlock()
  },
)

/** Locks for writing, says so, and when told leaves, or ends its thread. */
export const write = parallel(
  import.meta.url,
  async function write(
    mutex: RWMutex,
    started: SendChan<unknown>,
    told: ReceiveChan<unknown>,
    dies: boolean,
  ) {
    await mutex.lock()
    await started.send(true)
    if (dies) endWhen(told)
    await told.receive()
    mutex.unlock()
  },
)

/** Waits as so many readers, having said so; says when all had it or were told, and gives back when told. */
export const readTogether = parallel(
  import.meta.url,
  async function readTogether(
    mutex: RWMutex,
    readers: number,
    started: SendChan<unknown>,
    over: ReceiveChan<unknown>,
  ) {
    const reading = Promise.allSettled(Array.from({ length: readers }, () => mutex.rlock()))
    await started.send(true)
    const had = (await reading).filter(({ status }) => status === 'fulfilled').length
    await started.send(true)
    await over.receive()
    for (let i = 0; i < had; i++) mutex.runlock()
    return { had, told: readers - had }
  },
)

/** Comes with readers ('R…') and writers ('W…'), says so, and says of each that it has the lock; they leave as they are told. */
export const come = parallel(
  import.meta.url,
  async function come(
    mutex: RWMutex,
    names: string[],
    started: SendChan<unknown>,
    log: SendChan<string>,
    leave: ReceiveChan<unknown>,
  ) {
    const visits = names.map(async name => {
      const reads = name.startsWith('R')
      await (reads ? mutex.rlock() : mutex.lock())
      await log.send(name)
      await leave.receive()
      reads ? mutex.runlock() : mutex.unlock()
    })
    await started.send(true)
    await Promise.all(visits)
  },
)

/** Says that it blocks its thread, and does; gives back what it got. */
export const lockSync = parallel(
  import.meta.url,
  function lockSync(mutex: RWMutex, way: 'lockSync' | 'rlockSync', started: SendChan<unknown>) {
    started.trySend(true)
    mutex[way]()
    if (way === 'lockSync') mutex.unlock()
    else mutex.runlock()
  },
)

// WaitGroup -----------------------------------------------------------------------------------------------------------

/** Waits, having said so; answers the count of `done` that it saw then. */
export const waitFor = parallel(
  import.meta.url,
  async function waitFor(group: WaitGroup, started: SendChan<unknown>, cell?: Int32Array) {
    const over = group.wait()
    await started.send(true)
    await over
    return cell && Atomics.load(cell, 0)
  },
)

export const countAndDone = parallel(
  import.meta.url,
  async function countAndDone(group: WaitGroup, cell: Int32Array) {
    await runtime.gosched()
    Atomics.add(cell, 0, 1)
    group.done()
  },
)

export const addTo = parallel(import.meta.url, function addTo(group: WaitGroup, delta: number) {
  group.add(delta)
})

export const count = parallel(import.meta.url, async function count(cell: Int32Array) {
  await runtime.gosched()
  Atomics.add(cell, 0, 1)
})

/** Lets its group wait for goroutines of every sort; answers how many had ended when the wait did. */
export const goAndWait = parallel(
  import.meta.url,
  async function goAndWait(group: WaitGroup, cell: Int32Array, goroutines: number) {
    for (let i = 0; i < goroutines; i++) {
      if (i % 2 === 0) group.go(count, cell)
      else group.go(async () => count(cell))
    }
    await group.wait()
    return Atomics.load(cell, 0)
  },
)

/** Lets the group wait for goroutines that never end, says so, and when told ends its thread. */
export const goAndDie = parallel(
  import.meta.url,
  async function goAndDie(
    group: WaitGroup,
    goroutines: number,
    started: SendChan<unknown>,
    told: ReceiveChan<unknown>,
  ) {
    for (let i = 0; i < goroutines; i++) group.go(() => new Promise(() => {}))
    await started.send(true)
    endWhen(told)
  },
)

// Once ----------------------------------------------------------------------------------------------------------------

/** Does it, if nobody has, by adding to `cell[0]` slowly; answers what it finds there afterwards. */
export const doOnce = parallel(import.meta.url, async function doOnce(once: Once, cell: Int32Array) {
  await once.do(async () => {
    await runtime.gosched()
    Atomics.add(cell, 0, 1)
  })
  return Atomics.load(cell, 0)
})

/** Does it until told, and then fails, or ends its thread. */
export const doUntil = parallel(
  import.meta.url,
  async function doUntil(once: Once, started: SendChan<unknown>, told: ReceiveChan<unknown>, dies: boolean) {
    await once.do(async () => {
      await started.send(true)
      if (dies) endWhen(told)
      await told.receive()
      throw new RangeError('inside')
    })
  },
)

/** Waits for somebody else's call, having said so. Answers whether it made one itself. */
export const waitForOnce = parallel(
  import.meta.url,
  async function waitForOnce(once: Once, started: SendChan<unknown>) {
    let ran = false
    const over = once.do(() => {
      ran = true
    })
    await started.send(true)
    await over
    return ran
  },
)

/** A Once that has been done on another thread, whose goroutines are all gone. */
export const doneThere = parallel(import.meta.url, async function doneThere() {
  const once = new Once()
  await go(() => once.do(() => {}))
  return once
})
