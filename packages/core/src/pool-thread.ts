// The program of a pool thread: takes goroutines and runs them, for ever.

import {
  debugging,
  followDebugging,
  host,
  Leaving,
  MAIN_THREAD,
  OUT_OF_MEMORY,
  providersAtStart,
  sayStarted,
  type Tasks,
  type Thread,
  thingsHere,
  wordDrop,
  wordOf,
  wordPeek,
  wordTake,
} from '@millrace/kernel'
import { bareError } from './bare-error.js'
import { asGoroutine } from './debug.js'
import { goroutineEnded, goroutineStarted } from './goroutines.js'
import { Monitor } from './monitor.js'
import { load, type Place } from './parallel.js'
import { threadPool } from './pool.js'
import { isThenable } from './thenable.js'

type Done = (failed: boolean, word: number) => void
type AnyFunction = (...args: unknown[]) => unknown

let thread: Thread
let tasks: Tasks
const functions = new Map<number, AnyFunction>()

/** Makes this thread one of the pool's, once it knows with what memory. */
export async function servePool(): Promise<void> {
  followDebugging() // for what the rest of a bundle makes when it is run
  await host.threadDataArrived()
  followDebugging()
  // What cannot be imported here may not be needed; if it is, the message says what is missing.
  await Promise.allSettled(
    providersAtStart().map(url => import(/* @vite-ignore */ /* webpackIgnore: true */ url)),
  )
  ;({ thread, tasks } = threadPool())
  tasks.run((fn, args, done) => {
    goroutineStarted()
    const known = functions.get(fn)
    if (known) call(known, args, done)
    else void loadAndCall(fn, args, done)
  })
  new Leaving(thread, tasks).onLeaving = () => {
    for (const thing of thingsHere()) if (thing instanceof Monitor) thing.bequeath()
    thread.kernel.cancellationsBequeath(thread.id, MAIN_THREAD)
  }
  sayStarted(thread)
}

async function loadAndCall(word: number, args: number, done: Done): Promise<void> {
  let fn: AnyFunction
  tasks.pause()
  try {
    fn = (await load(wordPeek(thread, word) as Place)) as AnyFunction
  } catch (error) {
    wordDrop(thread, args)
    fail(error, done)
    return
  } finally {
    tasks.resume()
  }
  functions.set(word, fn)
  call(fn, args, done)
}

function call(fn: AnyFunction, args: number, done: Done): void {
  if (debugging) fn = asGoroutine(fn)
  let result: unknown
  try {
    result = args === 0 ? fn() : fn(...(wordTake(thread, args) as unknown[]))
  } catch (error) {
    fail(error, done)
    return
  }
  if (!isThenable(result)) return succeed(result, done)
  Promise.resolve(result).then(
    value => succeed(value, done),
    error => fail(error, done),
  )
}

function succeed(value: unknown, done: Done): void {
  if (host.isEnding()) return // it is lost with its thread
  let word: number
  try {
    word = wordOf(thread, value, 'result')
  } catch (error) {
    fail(error, done)
    return
  }
  goroutineEnded()
  done(false, word)
}

function fail(error: unknown, done: Done): void {
  if (host.isEnding()) return
  const word = errorWord(error)
  goroutineEnded()
  done(true, word)
}

function errorWord(error: unknown): number {
  for (const attempt of [() => error, () => bareError(error)]) {
    try {
      return wordOf(thread, attempt(), 'error')
    } catch {
      // It holds what cannot cross, or there is no memory.
    }
  }
  return OUT_OF_MEMORY
}
