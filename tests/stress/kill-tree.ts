import process from 'node:process'
import { go, main, runtime, ThreadLostError } from '@millrace/core'
import { currentThread } from '@millrace/kernel'
import { randomFrom, range, sleep } from '../laws/expect.js'
import { AddedThreads } from './added-threads.js'
import { growTree } from './kill-tree-fixtures.js'
import { isLong, say, seed } from './seed.js'

// Threads are killed at random while trees of goroutines are started from all of them: in deques, on the way from one thread to
// another, half taken, half handed back. Every promise settles, with a value or with ThreadLostError, and memory stays flat.
//
//   kill-tree.js terminate     from outside: worker.terminate() on threads that this program has added to the pool
//   kill-tree.js exit          from inside: goroutines call process.exit

const KILLS = isLong ? 2000 : 80
const THREADS = 3
const TREES = 4
const [DEPTH, WIDTH] = [4, 3]
const NODES = (WIDTH ** (DEPTH + 1) - 1) / (WIDTH - 1)
const BALLAST = 'x'.repeat(300) // makes the arguments a block that would be missed
const STANDSTILL_MS = 20_000
/** Shared memory that may be added after the first third: what dying threads had in hand, a few blocks each. */
const FLAT_BYTES = 2 ** 20

const fromOutside = process.argv[2] !== 'exit'
const random = randomFrom(seed)
let [kills, trees, whole, lostTrees, lostNodes] = [0, 0, 0, 0, 0]
let isEnding = false

function giveUp(reason: string): never {
  say({ failed: reason, kills, trees, lostTrees, lostNodes, goroutines: runtime.numGoroutine(), seed })
  process.exit(1)
}

main(async () => {
  runtime.configure({ threads: fromOutside ? 1 : THREADS })
  const { kernel } = currentThread()

  const growTrees = async () => {
    while (!isEnding) {
      try {
        const { grown, lost } = await go(growTree, DEPTH, WIDTH, fromOutside ? 0 : 600, BALLAST)
        lostNodes += lost
        if (lost === 0) {
          if (grown !== NODES) giveUp(`a tree of which nothing was lost has ${grown} nodes, not ${NODES}`)
          whole++
        }
      } catch (error) {
        if (!(error instanceof ThreadLostError)) giveUp(`a tree failed: ${(error as Error).stack}`)
        lostTrees++
      }
      trees++
      if (!fromOutside) kills = runtime.stats().threads.lost
    }
  }

  let before = { trees: -1, at: 0 }
  const watchdog = setInterval(() => {
    const now = performance.now()
    if (trees !== before.trees) before = { trees, at: now }
    else if (now - before.at > STANDSTILL_MS) giveUp(`no tree ended for ${STANDSTILL_MS} ms`)
  }, 500)

  const added = new AddedThreads(fromOutside ? THREADS : 0, giveUp)
  const growing = range(TREES).map(growTrees)
  let usedAtFirst = 0
  while (kills < KILLS) {
    await sleep(random(30))
    if (usedAtFirst === 0 && kills > KILLS / 3) usedAtFirst = kernel.heapUsed()
    if (fromOutside && (await added.killOne(random))) kills++
  }
  isEnding = true
  await Promise.all(growing)
  clearInterval(watchdog)
  const grew = kernel.heapUsed() - usedAtFirst
  if (grew > FLAT_BYTES) giveUp(`shared memory grew by ${grew} bytes`)
  // What the dead had started goes on without them, and ends.
  for (let i = 0; runtime.numGoroutine() > 1; i++) {
    if (i === 1000) giveUp('goroutines are left over')
    await sleep(10)
  }
  say({ ok: true, kills, trees, whole, lostTrees, lostNodes, grew, heapMiB: kernel.heapUsed() >> 20, seed })
})
