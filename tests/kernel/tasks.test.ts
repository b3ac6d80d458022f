import { describe, expect, test } from 'vitest'
import { FreshMemory, MAIN, THREAD_BYTES, THREADS } from './fresh-memory.js'
import { Death, mortalKernel } from './mortal-kernel.js'

// What assembly/task.ts and deque.ts promise, whoever dies between any two accesses to shared memory.

const NEXT = 0
const TICKET = 12
const DEQUE_TOP = 1600
const DEQUE_BOTTOM = 1664

class Tasks extends FreshMemory {
  constructor() {
    super()
    expect(this.kernel.injectorCreate(MAIN)).toBe(1)
  }

  post(caller: number, ticket: number): number {
    const task = this.kernel.taskCreate(caller, ticket, 1, 0)
    this.kernel.taskPost(caller, task)
    return task
  }

  ticketOf(task: number): number {
    return this.word(task + TICKET)
  }

  /** The tickets of everything that `thread` can take, in the order in which it does. */
  takeAll(thread: number): number[] {
    const taken: number[] = []
    for (let task = this.kernel.taskTake(thread); task !== 0; task = this.kernel.taskTake(thread)) {
      taken.push(this.ticketOf(task))
    }
    return taken
  }

  /** The tickets of what has come back to `caller`. */
  collect(caller: number): number[] {
    const ended: number[] = []
    for (let task = this.kernel.tasksCollect(caller); task !== 0; task = this.word(task + NEXT)) {
      ended.push(this.ticketOf(task))
    }
    return ended
  }

  /** Begins a thread's deque at a position, as if that many tasks had passed. */
  startDeque(thread: number, position: number): void {
    for (const field of [DEQUE_TOP, DEQUE_BOTTOM])
      this.memory.i32[(THREADS + thread * THREAD_BYTES + field) >> 2] = position
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

describe.each([0, 2 ** 31 - 100, 2 ** 32 - 100])('a deque that begins at position %d', start => {
  test('gives its owner the newest, and thieves the oldest', () => {
    const fresh = new Tasks()
    const [owner, thief] = [fresh.attach(), fresh.attach()]
    fresh.startDeque(owner, start)
    for (const ticket of range(6)) fresh.post(owner, ticket)
    const next = (thread: number) => fresh.ticketOf(fresh.kernel.taskTake(thread))
    expect([next(owner), next(thief), next(thief), next(owner), next(owner), next(thief)]).toEqual([
      5, 0, 1, 4, 3, 2,
    ])
    expect(fresh.kernel.taskTake(owner)).toBe(0)
    expect(fresh.kernel.taskTake(thief)).toBe(0)
    expect(fresh.kernel.taskIsReady()).toBe(0)
  })

  test('grows, and whoever empties it gets each task once', () => {
    const fresh = new Tasks()
    const [owner, thief] = [fresh.attach(), fresh.attach()]
    fresh.startDeque(owner, start)
    const taken: number[] = []
    let posted = 0
    for (const burst of [1, 127, 129, 1000, 5000]) {
      for (let i = 0; i < burst; i++) fresh.post(owner, posted++)
      for (let i = 0; i < burst / 3; i++) {
        for (const thread of [owner, thief]) {
          const task = fresh.kernel.taskTake(thread)
          if (task !== 0) taken.push(fresh.ticketOf(task))
        }
      }
    }
    taken.push(...fresh.takeAll(owner), ...fresh.takeAll(thief))
    expect(taken.toSorted((a, b) => a - b)).toEqual(range(posted))
  })
})

describe('tasks', () => {
  test('that do not fit into a deque go to the injector, and are refused when that is full too', () => {
    const fresh = new Tasks()
    const [owner, thief] = [fresh.attach(), fresh.attach()]
    const most = 2 ** 16 + 4095
    for (const ticket of range(most)) fresh.post(owner, ticket)
    expect(fresh.kernel.taskPost(owner, fresh.kernel.taskCreate(owner, most, 1, 0))).toBe(2)
    expect(fresh.takeAll(thief).toSorted((a, b) => a - b)).toEqual(range(most))
  })

  test('that are old are taken now and then, behind an endless flow of new ones', () => {
    const fresh = new Tasks()
    const owner = fresh.attach()
    fresh.post(owner, -1)
    fresh.post(MAIN, -2)
    const seen = new Set<number>()
    for (let i = 0; i < 1000; i++) {
      fresh.post(owner, i)
      seen.add(fresh.ticketOf(fresh.kernel.taskTake(owner)))
    }
    expect([seen.has(-1), seen.has(-2)]).toEqual([true, true])
  })

  test('of a dead thread’s deque are for everybody, and for who gets its number', () => {
    const fresh = new Tasks()
    const [dead, other] = [fresh.attach(), fresh.attach()]
    for (const ticket of range(10)) fresh.post(dead, ticket)
    fresh.kernel.threadReap(MAIN, dead)
    expect(fresh.ticketOf(fresh.kernel.taskTake(other))).toBe(0)
    expect(fresh.attach()).toBe(dead)
    fresh.post(dead, 10)
    expect([...fresh.takeAll(other), ...fresh.takeAll(dead)].toSorted((a, b) => a - b)).toEqual(
      range(11).slice(1),
    )
  })

  test('are not taken by a thread that is disowned, and what it has is lost once', () => {
    const fresh = new Tasks()
    const { kernel } = fresh
    const [zombie, other] = [fresh.attach(), fresh.attach()]
    const [taken, ending] = [fresh.post(MAIN, 0), fresh.post(MAIN, 1)]
    expect([kernel.taskTake(zombie), kernel.taskTake(zombie)]).toEqual([taken, ending])
    fresh.post(MAIN, 2)
    expect(kernel.taskEnd(zombie, ending, 1, 3)).toBe(1)
    kernel.threadDisown(zombie)
    expect(kernel.threadIsAlive(zombie)).toBe(0)
    expect(kernel.taskTake(zombie)).toBe(0)
    expect(kernel.taskIsLost(taken)).toBe(1)
    expect(fresh.collect(MAIN)).toEqual([1])
    expect(kernel.taskAbandon(taken)).toBe(1)
    kernel.taskFree(MAIN, taken)
    expect(kernel.taskEnd(zombie, taken, 1, 3), 'of a task that was given up').toBe(0)
    expect(fresh.collect(MAIN)).toEqual([])
    expect(fresh.attach(), 'its number is its own').not.toBe(zombie)
    expect(fresh.takeAll(other)).toEqual([2])
    kernel.threadReap(MAIN, zombie)
    expect(fresh.attach()).toBe(zombie)
  })

  test('whose caller and runner have both died leave nothing behind', () => {
    const fresh = new Tasks()
    const { kernel, memory } = fresh
    let used = 0
    for (let round = 0; round < 2000; round++) {
      const [caller, runner] = [fresh.attach(), fresh.attach()]
      for (let i = 0; i < 20; i++) {
        const task = kernel.taskCreate(caller, i, 1, kernel.heapAllocate(caller, 500))
        kernel.taskPost(caller, task)
        expect(kernel.taskTake(runner)).toBe(task)
        if (i % 4 === 0) kernel.taskEnd(runner, task, 1, kernel.heapAllocate(runner, 500))
        if (i % 2 === 0) {
          const args = fresh.word(task + 20)
          memory.i32[(task + 20) >> 2] = 0 // the runner has taken its arguments
          kernel.heapFree(runner, args)
        }
      }
      const order = round % 2 ? [caller, runner] : [runner, caller]
      for (const dead of order) kernel.threadReap(MAIN, dead)
      if (round === 100) used = kernel.heapUsed()
    }
    // Arguments of those that were handed back after all are the runner's, and die with it.
    expect(kernel.heapUsed()).toBe(used)
  })
})

describe('a life', () => {
  test('that is over cannot begin', () => {
    const { kernel } = new FreshMemory()
    const id = kernel.threadReserve()
    const life = kernel.threadLife(id)
    kernel.threadReap(MAIN, id)
    expect(kernel.threadAttach(id, life)).toBe(0)
    expect(kernel.threadIsAlive(id)).toBe(0)
    expect(kernel.threadReserve()).toBe(id)
    expect(kernel.threadAttach(id, life), 'of a number that is somebody else’s').toBe(0)
    expect(kernel.threadAttach(id, kernel.threadLife(id))).toBe(1)
    expect(kernel.threadAttach(id, kernel.threadLife(id)), 'that has begun').toBe(0)
  })
})

/** Runs `act` again and again in a new world, and has its thread die at every step of it in turn, until it lives. */
async function everyDeath(
  world: () => Promise<{ act: () => void; judge: (died: boolean) => void; dieAt(n: number): void }>,
): Promise<number> {
  for (let step = 1; ; step++) {
    const { act, judge, dieAt } = await world()
    let died = false
    dieAt(step)
    try {
      act()
    } catch (error) {
      if (!(error instanceof Death)) throw error
      died = true
    }
    dieAt(Number.POSITIVE_INFINITY)
    judge(died)
    if (!died) return step
  }
}

describe('a task is never forgotten, whenever a thread dies that', () => {
  const TASKS = 3

  /** Every task either goes to another thread, exactly once, or its caller can tell that it is lost. */
  const judgeAll = (fresh: Tasks, dead: number, caller: number, tasks: number[], died: boolean) => {
    const { kernel } = fresh
    if (died) kernel.threadReap(MAIN, dead)
    const other = fresh.attach()
    const isLost = tasks.map(task => kernel.taskIsLost(task) === 1)
    const back = fresh.collect(caller)
    const lost = tasks.map((task, i) => isLost[i] && !back.includes(i) && kernel.taskAbandon(task) === 1)
    const taken = [...fresh.takeAll(other), ...(died ? [] : fresh.takeAll(dead))]
    const fate = (ticket: number) => [
      ...taken.filter(each => each === ticket).map(() => 'taken'),
      ...back.filter(each => each === ticket).map(() => 'back'),
      ...(lost[ticket] ? ['lost'] : []),
    ]
    expect(tasks.map((_, i) => fate(i).length === 1 || fate(i))).toEqual(tasks.map(() => true))
    expect(lost.filter(Boolean).length).toBeLessThanOrEqual(1)
    expect(kernel.taskIsReady()).toBe(0)
  }

  test('takes one out of the injector', async () => {
    const steps = await everyDeath(async () => {
      const fresh = new Tasks()
      const { kernel, dieAt } = await mortalKernel(fresh.memory)
      const taker = fresh.attach()
      const tasks = range(TASKS).map(i => fresh.post(MAIN, i))
      let got = 0
      return {
        dieAt,
        act: () => {
          got = kernel.taskTake(taker)
        },
        judge: died => {
          if (!died) fresh.kernel.taskEnd(taker, got, 1, 3)
          judgeAll(fresh, taker, MAIN, tasks, died)
        },
      }
    })
    expect(steps).toBeGreaterThan(5)
  })

  test.each([1, TASKS])('takes one of %d from its own deque', async count => {
    await everyDeath(async () => {
      const fresh = new Tasks()
      const { kernel, dieAt } = await mortalKernel(fresh.memory)
      const [owner, caller] = [fresh.attach(), MAIN]
      // Tasks of the main thread in a pool thread's deque, so that somebody is left who waits for them.
      const tasks = range(count).map(i => fresh.kernel.taskCreate(caller, i, 1, 0))
      for (const task of tasks) fresh.kernel.taskPost(owner, task)
      let got = 0
      return {
        dieAt,
        act: () => {
          got = kernel.taskTake(owner)
        },
        judge: died => {
          if (!died) fresh.kernel.taskEnd(owner, got, 1, 3)
          judgeAll(fresh, owner, caller, tasks, died)
        },
      }
    })
  })

  test.each([1, TASKS])('steals one of %d', async count => {
    await everyDeath(async () => {
      const fresh = new Tasks()
      const { kernel, dieAt } = await mortalKernel(fresh.memory)
      const [owner, thief] = [fresh.attach(), fresh.attach()]
      const tasks = range(count).map(i => fresh.post(owner, i))
      let got = 0
      return {
        dieAt,
        act: () => {
          got = kernel.taskTake(thief)
        },
        judge: died => {
          if (!died) fresh.kernel.taskEnd(thief, got, 1, 3)
          judgeAll(fresh, thief, owner, tasks, died)
        },
      }
    })
  })

  test('hands one back', async () => {
    await everyDeath(async () => {
      const fresh = new Tasks()
      const { kernel, dieAt } = await mortalKernel(fresh.memory)
      const runner = fresh.attach()
      const tasks = range(TASKS).map(i => fresh.post(MAIN, i))
      expect(fresh.kernel.taskTake(runner)).toBe(tasks[0])
      return {
        dieAt,
        act: () => {
          expect(kernel.taskEnd(runner, tasks[0]!, 1, 3)).toBe(1)
        },
        judge: died => judgeAll(fresh, runner, MAIN, tasks, died),
      }
    })
  })

  test('posts one while its deque grows: what was there stays', async () => {
    await everyDeath(async () => {
      const fresh = new Tasks()
      const { kernel, dieAt } = await mortalKernel(fresh.memory)
      const owner = fresh.attach()
      const tasks = range(128).map(i => fresh.kernel.taskCreate(MAIN, i, 1, 0))
      for (const task of tasks) fresh.kernel.taskPost(owner, task)
      const last = fresh.kernel.taskCreate(MAIN, 128, 1, 0)
      return {
        dieAt,
        act: () => {
          kernel.taskPost(owner, last)
        },
        judge: died => {
          if (died) fresh.kernel.threadReap(MAIN, owner)
          const taken = fresh.takeAll(fresh.attach()).toSorted((a, b) => a - b)
          // The one that was being posted may have been posted, or not.
          expect(taken.slice(0, 128)).toEqual(range(128))
          expect(taken.length).toBeLessThanOrEqual(129)
        },
      }
    })
  })

  test('takes the last one while a thief looks: a successor’s task is not passed over', async () => {
    // The thief stops before each of its steps in turn; meanwhile the owner dies at each of its own, and a successor posts a task.
    let [stops, step] = [0, 1]
    for (let stop = 1; ; stop++, step = 1) {
      let [hasStopped, hasDied] = [false, true]
      for (; hasDied; step++) {
        const fresh = new Tasks()
        const [owner, thief] = [fresh.attach(), fresh.attach()]
        fresh.post(owner, 0)
        const [dying, late] = [await mortalKernel(fresh.memory), await mortalKernel(fresh.memory)]
        let left = stop
        hasDied = false
        late.onStep(() => {
          if (--left !== 0) return
          hasStopped = true
          dying.dieAt(step)
          try {
            dying.kernel.taskTake(owner)
          } catch (error) {
            if (!(error instanceof Death)) throw error
            hasDied = true
          }
          fresh.kernel.threadReap(MAIN, owner)
          expect(fresh.attach()).toBe(owner)
          fresh.post(owner, 1)
        })
        const stolen = late.kernel.taskTake(thief)
        const tickets = [...(stolen ? [fresh.ticketOf(stolen)] : []), ...fresh.takeAll(fresh.attach())]
        if (hasStopped) expect(tickets.filter(ticket => ticket === 1)).toEqual([1])
        expect(tickets.filter(ticket => ticket === 0).length).toBeLessThanOrEqual(1)
      }
      if (!hasStopped) break
      stops++
    }
    expect(stops).toBeGreaterThan(10)
  })
})
