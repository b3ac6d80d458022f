import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { instantiateKernel, SharedMemory } from '@millrace/kernel'
import { fail, randomFrom, sleep } from '../laws/expect.js'
import { KillBoard } from './kill-board.js'
import type { ThreadTask } from './kill-ring-thread.js'
import { isLong, say, seed } from './seed.js'

// Threads that send to and receive from rings of shared memory are killed at random moments and replaced. The others must never
// stand still, and nothing is lost but what a dead receiver had in its hand.

const KILLS = isLong ? 1000 : 80
const ROVERS = 2
const DYING = 3 // at a time
const LIVES = 4 * KILLS + 64
const STANDSTILL_MS = 10_000
const CAPACITIES = [1, 3, 64]
// Positions begin so close below 2^31 and 2^32 that they wrap at once.
const STARTS = [2 ** 31 - 8, 2 ** 32 - 8, 2 ** 32 - 256]
const MAIN = 0

const random = randomFrom(seed)
const memory = SharedMemory.create({ maximum: 2 ** 28 })
const kernel = instantiateKernel(memory.memory)
kernel.kernelInit()
if (kernel.threadReserve() !== MAIN || !kernel.threadAttach(MAIN, kernel.threadLife(MAIN)))
  fail('the memory is not fresh')
const rings = CAPACITIES.map((capacity, i) => kernel.ringCreate(MAIN, capacity, STARTS[i]!))
const board = new KillBoard(LIVES)

interface Thread {
  readonly me: number
  readonly worker: Worker
  readonly sends: boolean
  readonly gone: Promise<void>
  isDying: boolean
}

const threads = new Set<Thread>()
let lives = 0
let [killed, receiversKilled] = [0, 0]
let isEnding = false

/** Starts a thread at `ring`, or wherever chance has it, and another in its place when it is gone. */
function start(ring: number | undefined, sends: boolean): void {
  if (lives === LIVES) fail('there were more lives than thought')
  const me = kernel.threadReserve()
  const task: ThreadTask = {
    memory: memory.memory,
    board: board.buffer,
    lives: LIVES,
    me,
    life: lives++,
    ring: ring ?? rings[random(rings.length)]!,
    sends,
  }
  const worker = new Worker(new URL('./kill-ring-thread.js', import.meta.url), { workerData: task })
  const gone = new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => {
      kernel.threadReap(MAIN, me)
      threads.delete(thread)
      if (!isEnding) start(ring, ring === undefined ? random(2) === 0 : sends)
      resolve()
    })
  })
  const thread: Thread = { me, worker, sends, gone, isDying: false }
  gone.catch(error => {
    say({ failed: String(error), seed })
    process.exit(1)
  })
  threads.add(thread)
}

let progressAt = performance.now()
let progress = 0
const watchdog = setInterval(() => {
  const now = board.received
  if (now !== progress) [progress, progressAt] = [now, performance.now()]
  else if (!isEnding && performance.now() - progressAt > STANDSTILL_MS) {
    say({ failed: `nothing moved for ${STANDSTILL_MS} ms after ${killed} kills`, seed })
    process.exit(1)
  }
}, 200)

say({ seed, long: isLong, kills: KILLS })
for (const ring of rings) for (const sends of [true, false]) start(ring, sends)
for (let i = 0; i < ROVERS; i++) start(undefined, i % 2 === 0)
while (killed < KILLS) {
  await sleep(random(80))
  // Mostly threads that are at work; now and then one that is still starting.
  const working = [...threads].filter(
    ({ me, isDying }) => !isDying && (kernel.threadIsAlive(me) || random(50) === 0),
  )
  const victim = working[random(working.length)]
  if (!victim || [...threads].filter(({ isDying }) => isDying).length >= DYING) continue
  victim.isDying = true
  if (!victim.sends) receiversKilled++
  killed++
  void victim.worker.terminate()
}

// The end: senders stop, receivers take what is left, everybody leaves.
isEnding = true
board.end()
for (const ring of rings) kernel.ringClose(MAIN, ring)
const remaining = [...threads]
const late = setTimeout(() => {
  say({ failed: `${threads.size} threads did not leave when their rings were closed`, seed })
  process.exit(1)
}, 20_000)
await Promise.all(remaining.map(({ gone }) => gone))
clearTimeout(late)
clearInterval(watchdog)
for (const ring of rings) {
  // Rings that nobody was receiving from at the end.
  while (kernel.ringReceive(MAIN, ring) <= 1) {
    const value = memory.i32[(36864 + 16) >> 2]!
    if (board.mark(value)) board.report(1, value)
  }
}
const lost = board.countLost(lives)
const [wrong, value] = board.wrong
if (wrong) {
  const [life, sequence] = [KillBoard.lifeOf(value), KillBoard.sequenceOf(value)]
  say({ failed: `${sequence} of life ${life} came ${wrong === 1 ? 'twice' : 'out of order'}`, seed })
  process.exit(1)
}
if (lost > receiversKilled) {
  say({ failed: `${lost} values were lost, and only ${receiversKilled} receivers were killed`, seed })
  process.exit(1)
}
say({
  ok: true,
  killed,
  receiversKilled,
  lost,
  lives,
  received: board.received,
  heap: kernel.heapUsed(),
  seed,
})
