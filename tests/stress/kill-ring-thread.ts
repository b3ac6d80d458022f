import { workerData } from 'node:worker_threads'
import { type Direction, instantiateKernel, OK, OK_SELF, RECEIVE, SEND, WOULD_BLOCK } from '@millrace/kernel'
import { DOUBLED, KillBoard, OUT_OF_ORDER, SEQUENCES } from './kill-board.js'

// A thread that does nothing but send to a ring, or receive from it, as fast as it can, and sleeps on its bell when it has to
// wait. It may be killed anywhere.

export interface ThreadTask {
  memory: WebAssembly.Memory
  board: SharedArrayBuffer
  lives: number
  me: number
  life: number
  ring: number
  sends: boolean
}

// Where its block is, and the two words of it that are needed: assembly/layout.ts.
const THREADS = 36864
const THREAD_BYTES = 2048
const BELL = 0
const ANSWER = 16

const { memory, me, life, ring, sends, ...task } = workerData as ThreadTask
const board = new KillBoard(task.lives, task.board)
const kernel = instantiateKernel(memory)
const words = new Int32Array(memory.buffer as unknown as SharedArrayBuffer)
const bell = (THREADS + me * THREAD_BYTES + BELL) >> 2
const answer = (THREADS + me * THREAD_BYTES + ANSWER) >> 2

if (!kernel.threadAttach(me, kernel.threadLife(me))) throw new Error('no memory for another thread')

/** Parks on the ring; returns when it may be worth another try. */
function wait(direction: Direction): void {
  if (kernel.ringPark(me, ring, direction)) return
  if (kernel.bellArm(me)) Atomics.wait(words, bell, 1)
  kernel.bellLower(me)
  kernel.mailboxDrain(me)
}

/** The baton, if one is on its way here, goes on to others. */
function leave(direction: Direction): void {
  kernel.ringUnpark(me, ring, direction)
  while (kernel.ringPassBaton(me, ring, direction) === OK_SELF);
}

function send(): void {
  for (let sequence = 0; sequence < SEQUENCES && !board.isOver; ) {
    const status = kernel.ringSend(me, ring, KillBoard.valueOf(life, sequence))
    if (status === OK || status === OK_SELF) {
      board.nextSent(life)
      sequence++
    } else if (status === WOULD_BLOCK) wait(SEND)
    else break
  }
  leave(SEND)
}

function receive(): void {
  const last = new Map<number, number>()
  for (;;) {
    const status = kernel.ringReceive(me, ring)
    if (status === OK || status === OK_SELF) {
      const value = words[answer]!
      const from = KillBoard.lifeOf(value)
      const sequence = KillBoard.sequenceOf(value)
      if (board.mark(value)) board.report(DOUBLED, value)
      if (sequence <= (last.get(from) ?? -1)) board.report(OUT_OF_ORDER, value)
      last.set(from, sequence)
    } else if (status === WOULD_BLOCK) wait(RECEIVE)
    else break
  }
  leave(RECEIVE)
}

if (sends) send()
else receive()
