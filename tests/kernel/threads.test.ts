import { Worker } from 'node:worker_threads'
import { OK_NOBODY, RECEIVE, SEND } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import {
  ANSWER,
  BELL,
  FreshMemory,
  INJECTOR,
  KIND,
  MAIN,
  REFS,
  RESCAN,
  TASK_ENDED,
  THREAD_BYTES,
  THREADS,
} from './fresh-memory.js'

describe('mailbox and bell', () => {
  test('a poke is in the mailbox once, however often, until it is drained', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const objects = Array.from({ length: 300 }, (_, i) => 196_608 + 64 * i)
    for (let i = 0; i < 3; i++) for (const object of objects) kernel.poke(MAIN, object)
    expect(kernel.mailboxDirty(MAIN)).toBe(1)
    const hashes = fresh.drain(MAIN)
    expect(hashes.toSorted((a, b) => a - b)).toEqual(
      objects.map(object => kernel.hashOf(object)).toSorted((a, b) => a - b),
    )
    expect(kernel.mailboxDirty(MAIN)).toBe(0)
    expect(fresh.drain(MAIN)).toEqual([])
  })

  test('a mailbox holds every hash at once', () => {
    const fresh = new FreshMemory()
    for (let hash = 0; hash < 3968; hash++) fresh.kernel.poke(MAIN, 64 * hash)
    expect(fresh.drain(MAIN)).toEqual(Array.from({ length: 3968 }, (_, i) => i))
  })

  test('the bell is raised only over an empty mailbox, and a poke lowers it', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const bell = () => fresh.threadWord(MAIN, BELL)
    expect(kernel.bellArm(MAIN)).toBe(1)
    expect(bell()).toBe(1)
    kernel.poke(MAIN, 64)
    expect(bell()).toBe(0)
    expect(kernel.bellArm(MAIN), 'with something in the mailbox').toBe(0)
    expect(bell()).toBe(0)
    fresh.drain(MAIN)
    expect(kernel.bellArm(MAIN)).toBe(1)
    kernel.bellLower(MAIN)
    expect(bell()).toBe(0)
  })

  test('a thread that sleeps on its bell is woken from another thread', async () => {
    const fresh = new FreshMemory()
    const { kernel, memory } = fresh
    const id = fresh.attach()
    const bell = (THREADS + id * THREAD_BYTES + BELL) >> 2
    const source = `const { workerData: [memory, bell], parentPort } = require('node:worker_threads')
      parentPort.postMessage(Atomics.wait(new Int32Array(memory.buffer), bell, 1, 10_000))`
    for (const wake of [() => kernel.poke(id, 64), () => kernel.threadReap(MAIN, fresh.attach())]) {
      expect(kernel.bellArm(id)).toBe(1)
      const sleeper = new Worker(source, { eval: true, workerData: [memory.memory, bell] })
      const answer = new Promise(resolve => sleeper.once('message', resolve))
      await new Promise(resolve => sleeper.once('online', resolve))
      await new Promise(resolve => setTimeout(resolve, 50))
      wake()
      expect(['ok', 'not-equal']).toContain(await answer)
      fresh.drain(id)
    }
  })
})

describe('threads', () => {
  test('are numbered from 0 to 63, and a number is used again when its thread has been reaped', () => {
    const { kernel } = new FreshMemory()
    const ids = Array.from({ length: 63 }, () => kernel.threadReserve())
    expect(ids).toEqual(Array.from({ length: 63 }, (_, i) => i + 1))
    expect(kernel.threadReserve()).toBe(-1)
    for (const id of ids) expect(kernel.threadAttach(id, kernel.threadLife(id))).toBe(1)
    kernel.threadReap(MAIN, 17)
    expect(kernel.threadIsAlive(17)).toBe(0)
    expect(kernel.threadIsAlive(18)).toBe(1)
    expect(kernel.threadReserve()).toBe(17)
  })

  test('that die get no tickets any more, and everybody else looks at everything', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const [dead, other] = [fresh.attach(), fresh.attach()]
    const ring = kernel.ringCreate(MAIN, 4, 0)
    kernel.ringPark(dead, ring, RECEIVE)
    kernel.ringPark(dead, ring, SEND)
    kernel.threadReap(MAIN, dead)
    expect(fresh.drain(MAIN)).toEqual([RESCAN])
    expect(fresh.drain(other)).toEqual([RESCAN])
    const successor = fresh.attach()
    expect(successor).toBe(dead)
    kernel.ringSend(MAIN, ring, 1)
    expect(kernel.mailboxDirty(successor), 'a successor has inherited a ticket').toBe(0)
  })

  test('can be reaped twice, and before they have begun', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const reserved = kernel.threadReserve()
    kernel.threadReap(MAIN, reserved)
    const id = fresh.attach()
    expect(id).toBe(reserved)
    kernel.threadReap(MAIN, id)
    kernel.threadReap(MAIN, id)
    const used = kernel.heapUsed()
    for (let i = 0; i < 1000; i++) {
      kernel.threadReserve()
      kernel.threadReap(MAIN, id)
    }
    for (let i = 0; i < 1000; i++) kernel.threadReap(MAIN, fresh.attach())
    expect(kernel.heapUsed()).toBe(used)
  })
})

describe('rest', () => {
  test('the others are idle once all of them say so, have nothing in their mailboxes, and nothing changes meanwhile', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    expect(kernel.othersAreIdle(MAIN), 'with no others').toBe(1)
    const [a, b] = [fresh.attach(), fresh.attach()]
    const rest = (id: number) => kernel.activitySet(id, 1)
    expect(kernel.othersAreIdle(MAIN)).toBe(0)
    rest(a)
    expect(kernel.othersAreIdle(MAIN)).toBe(0)
    rest(b)
    expect(kernel.othersAreIdle(MAIN)).toBe(1)
    kernel.poke(a, 64)
    expect(kernel.othersAreIdle(MAIN), 'with something in a mailbox').toBe(0)
    fresh.drain(a)
    expect(kernel.othersAreIdle(MAIN)).toBe(1)
    kernel.activitySet(b, 0)
    expect(kernel.othersAreIdle(MAIN)).toBe(0)
    kernel.threadReap(MAIN, b)
    fresh.drain(a)
    expect(kernel.othersAreIdle(MAIN), 'the dead do not count').toBe(1)
  })
})

describe('references', () => {
  test('the last one frees the object, whoever lets it go', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const other = fresh.attach()
    const ring = kernel.ringCreate(MAIN, 2, 0)
    const refs = () => fresh.word(ring + REFS)
    expect(refs()).toBe(1)
    kernel.referenceSend(ring)
    kernel.referenceArrive(other, ring)
    expect(refs()).toBe(2)
    kernel.referenceSend(ring)
    kernel.referenceArrive(other, ring)
    expect(refs(), 'arrived where it is held already').toBe(2)
    kernel.referenceSend(ring)
    kernel.referenceDrop(MAIN, ring)
    expect(refs(), 'dropped on the way').toBe(2)
    kernel.referenceRelease(MAIN, ring, MAIN)
    kernel.referenceRelease(MAIN, ring, MAIN)
    expect(refs(), 'let go twice').toBe(1)
    expect(fresh.word(ring + KIND)).not.toBe(0)
    kernel.referenceRelease(other, ring, other)
    expect(fresh.word(ring + KIND), 'the kind of a free block').toBe(0)
  })

  test('a reference on its way keeps the object', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const ring = kernel.ringCreate(MAIN, 2, 0)
    kernel.referenceSend(ring)
    kernel.referenceRelease(MAIN, ring, MAIN)
    expect(fresh.word(ring + KIND)).not.toBe(0)
    kernel.referenceDrop(MAIN, ring)
    expect(fresh.word(ring + KIND)).toBe(0)
  })

  test('those of a dead thread are let go', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const dead = fresh.attach()
    const ring = kernel.ringCreate(dead, 2, 0)
    const kept = kernel.ringCreate(dead, 2, 0)
    kernel.referenceSend(kept)
    kernel.referenceArrive(MAIN, kept)
    kernel.threadReap(MAIN, dead)
    expect(fresh.word(ring + KIND)).toBe(0)
    expect(fresh.word(kept + KIND)).not.toBe(0)
    expect(fresh.word(kept + REFS)).toBe(1)
  })

  test('a million short-lived rings leave the heap as it was', () => {
    const { kernel } = new FreshMemory(2 ** 22)
    let used = 0
    for (let i = 0; i < 1_000_000; i++) {
      const ring = kernel.ringCreate(MAIN, 1 + (i % 40), 0)
      if (ring === 0) throw new Error(`ring ${i} was refused`)
      kernel.ringSend(MAIN, ring, (i << 1) | 1) // a word that owns no block
      kernel.referenceRelease(MAIN, ring, MAIN)
      if (i === 1000) used = kernel.heapUsed()
    }
    expect(kernel.heapUsed()).toBe(used)
  })
})

describe('tasks', () => {
  const NEXT = 0
  const TICKET = 12
  const RESULT = 24

  function withInjector() {
    const fresh = new FreshMemory()
    expect(fresh.kernel.injectorCreate(MAIN)).toBe(1)
    return fresh
  }

  test('go to whoever takes them, in order, and come back to who started them', () => {
    const fresh = withInjector()
    const { kernel } = fresh
    const worker = fresh.attach()
    const tasks = [10, 11, 12].map(ticket => kernel.taskCreate(MAIN, ticket, 1, 2))
    for (const task of tasks) expect(kernel.taskPost(MAIN, task)).toBe(OK_NOBODY)
    expect(tasks.map(() => kernel.taskTake(worker))).toEqual(tasks)
    expect(kernel.taskTake(worker)).toBe(0)
    for (const [i, task] of tasks.entries()) expect(kernel.taskEnd(worker, task, 1, 100 + i)).toBe(1)
    expect(fresh.drain(MAIN)).toEqual([TASK_ENDED])
    const ended: number[] = []
    for (let task = kernel.tasksCollect(MAIN); task !== 0; task = fresh.word(task + NEXT)) {
      ended.push(task)
      expect(kernel.taskIsMine(MAIN, task)).toBe(1)
    }
    expect(ended.map(task => [fresh.word(task + TICKET), fresh.word(task + RESULT)])).toEqual([
      [10, 100],
      [11, 101],
      [12, 102],
    ])
    expect(kernel.tasksCollect(MAIN)).toBe(0)
    for (const task of ended) kernel.taskFree(MAIN, task)
  })

  test('are lost with the thread that took them, and not before', () => {
    const fresh = withInjector()
    const { kernel } = fresh
    const worker = fresh.attach()
    const [queued, taken] = [kernel.taskCreate(MAIN, 0, 1, 2), kernel.taskCreate(MAIN, 1, 1, 2)]
    kernel.taskPost(MAIN, taken)
    expect(kernel.taskTake(worker)).toBe(taken)
    kernel.taskPost(MAIN, queued)
    expect(kernel.taskIsLost(taken)).toBe(0)
    kernel.threadReap(MAIN, worker)
    expect(kernel.taskIsLost(taken)).toBe(1)
    expect(kernel.taskIsLost(queued)).toBe(0)
    expect(fresh.attach(), 'the same number').toBe(worker)
    expect(kernel.taskIsLost(taken), 'a successor with the number is another life').toBe(1)
  })

  test('of a caller that is gone end nowhere', () => {
    const fresh = withInjector()
    const { kernel } = fresh
    const [caller, worker] = [fresh.attach(), fresh.attach()]
    const task = kernel.taskCreate(caller, 0, 1, 2)
    kernel.taskPost(caller, task)
    expect(kernel.taskTake(worker)).toBe(task)
    kernel.threadReap(MAIN, caller)
    expect(fresh.attach()).toBe(caller)
    fresh.drain(caller)
    expect(kernel.taskEnd(worker, task, 1, 3)).toBe(0)
    expect(kernel.tasksCollect(caller)).toBe(0)
    expect(fresh.drain(caller)).toEqual([])
  })

  test('a free thread is woken for a task', () => {
    const fresh = withInjector()
    const { kernel } = fresh
    const worker = fresh.attach()
    const injector = fresh.word(INJECTOR)
    expect(kernel.ringPark(worker, injector, RECEIVE)).toBe(0)
    expect(kernel.taskPost(MAIN, kernel.taskCreate(MAIN, 0, 1, 2))).toBe(0)
    expect(fresh.drain(worker)).toEqual([kernel.hashOf(injector)])
  })
})

describe('small things', () => {
  test('a counter adds what all threads add, dead ones too', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const [a, b] = [fresh.attach(), fresh.attach()]
    const counter = kernel.counterCreate(MAIN)
    for (let i = 0; i < 1000; i++) {
      kernel.counterAdd(a, counter, 3)
      kernel.counterAdd(b, counter, -1)
    }
    kernel.threadReap(MAIN, a)
    kernel.counterAdd(MAIN, counter, 2 ** 40)
    expect(kernel.counterSum(counter)).toBe(2 ** 40 + 2000)
  })

  test('a float survives its cell', () => {
    const { kernel } = new FreshMemory()
    for (const value of [0.1, -0, Number.NaN, 5e-324, Number.MAX_VALUE, Number.NEGATIVE_INFINITY]) {
      expect(kernel.floatTake(MAIN, kernel.floatCreate(MAIN, value))).toBe(value)
    }
  })

  test('a cancellation happens once, and wakes who asked', () => {
    const fresh = new FreshMemory()
    const { kernel } = fresh
    const other = fresh.attach()
    const cancellation = kernel.cancellationCreate(MAIN)
    expect(kernel.cancellationPark(other, cancellation)).toBe(0)
    kernel.cancellationCancel(MAIN, cancellation, 1, 0)
    expect(fresh.drain(other)).toEqual([kernel.hashOf(cancellation)])
    kernel.cancellationCancel(MAIN, cancellation, 2, 0)
    expect(kernel.cancellationPark(other, cancellation)).toBe(1)
    expect(fresh.threadWord(other, ANSWER)).toBe(0)
  })

  test('goroutines of all threads are added up, and a dead thread has none', () => {
    const fresh = new FreshMemory()
    const { kernel, memory } = fresh
    const other = fresh.attach()
    const place = (id: number) => (THREADS + id * THREAD_BYTES + 12) >> 2
    memory.i32[place(MAIN)] = 5
    memory.i32[place(other)] = 7
    expect(kernel.goroutinesSum()).toBe(12)
    kernel.threadReap(MAIN, other)
    expect(kernel.goroutinesSum()).toBe(5)
  })
})
