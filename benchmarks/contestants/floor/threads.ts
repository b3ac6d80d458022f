// Threads of the floor: each plays a part in a program, of what its module says.

import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'

/** What `worker` says next. */
export const answer = (worker: Worker): Promise<number> =>
  new Promise(resolve => worker.once('message', resolve))

/** Starts a thread that plays `part` as `module` says. */
export async function start<P>(module: string, part: P): Promise<Worker> {
  const worker = new Worker(new URL(module), { workerData: { module, part } })
  await answer(worker)
  return worker
}

/** Plays the part that this thread was started for, if it was by `module`. */
export function plays<P>(module: string, play: (part: P, main: MessagePort) => void): void {
  if (isMainThread || workerData?.module !== module) return
  play(workerData.part, parentPort!)
  parentPort!.postMessage('ready')
}
