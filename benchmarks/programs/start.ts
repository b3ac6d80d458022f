// The program that starting.ts measures: `start.js import <package>`, or `start.js task <which>`. Prints milliseconds.

import { argv, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'

const TASKS = new URL('./start-tasks.js', import.meta.url)

/** Each makes itself ready, and answers what starts a thread and resolves once its first task has answered. */
const starts: Record<string, () => Promise<() => Promise<unknown>>> = {
  async worker() {
    const { Worker } = await import('node:worker_threads')
    return () =>
      new Promise(resolve =>
        new Worker(new URL('./start-worker.js', import.meta.url)).once('message', resolve),
      )
  },
  async millrace() {
    const { go } = await import('@millrace/core')
    const { first } = await import('./start-millrace.js')
    return () => go(first)
  },
  async piscina() {
    const { Piscina } = await import('piscina')
    return () => new Piscina({ filename: fileURLToPath(TASKS), name: 'empty', maxThreads: 1 }).run(undefined)
  },
  async tinypool() {
    const { Tinypool } = await import('tinypool')
    return () => new Tinypool({ filename: fileURLToPath(TASKS), name: 'empty', maxThreads: 1 }).run(undefined)
  },
  async workerpool() {
    const { default: workerpool } = await import('workerpool')
    return async () =>
      workerpool
        .pool(fileURLToPath(new URL('./start-workerpool.js', import.meta.url)), {
          workerType: 'thread',
          maxWorkers: 1,
        })
        .exec('empty', [])
  },
  async comlink() {
    const { wrap } = await import('comlink')
    const { nodeEndpoint } = await import('./start-comlink.js')
    const { Worker } = await import('node:worker_threads')
    return () =>
      wrap<{ empty(): void }>(
        nodeEndpoint(new Worker(new URL('./start-comlink.js', import.meta.url))),
      ).empty() as Promise<void>
  },
  async multithreading() {
    const { initRuntime, spawn } = await import('multithreading')
    initRuntime({ maxWorkers: 1 })
    return () => spawn(() => {}).join()
  },
}

async function main(what: string, which: string): Promise<void> {
  const ready = what === 'task' ? await starts[which]() : () => import(which)
  const before = performance.now()
  await ready()
  const took = performance.now() - before
  stdout.write(`${took}\n`, () => process.exit())
}

// Not node:worker_threads for all: it is part of what an import takes.
const isAlone = argv[2] === 'import'
if (isAlone || (await import('node:worker_threads')).isMainThread) await main(argv[2], argv[3])
