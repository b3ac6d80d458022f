import { currentThread, host } from '@millrace/kernel'

// The pool's own threads cannot be had from outside. So here is one more than there is in the API: threads started with the pool's
// own program, by hand.

export interface MortalThread {
  kill(): Promise<void>
  readonly isUp: boolean
}

/** Adds a thread to the pool that can be killed. `onError` is told of an exception that nobody there has caught. */
export function addMortalThread(onError: (error: Error) => void): MortalThread {
  const thread = currentThread()
  const { kernel, memory } = thread
  const id = kernel.threadReserve()
  const program = new URL('./thread-entry.js', import.meta.resolve('@millrace/core'))
  const added = host.spawn(program, {
    memory: memory.memory,
    maximum: memory.maximum,
    id,
    life: kernel.threadLife(id),
    providers: [import.meta.resolve('@millrace/sync')],
  })
  const gone = new Promise<void>(resolve => {
    added.onExit(error => {
      if (error) onError(error)
      kernel.threadReap(thread.id, id)
      resolve()
    })
  })
  return {
    async kill() {
      await added.terminate()
      await gone
    },
    get isUp() {
      return kernel.threadIsAlive(id) !== 0
    },
  }
}
