import { currentThread, host } from '@millrace/kernel'
import { range } from '../laws/expect.js'

/** A thread that is started with the pool's own program, and is one of its threads but for this: it may be ended from outside. */
interface AddedThread {
  readonly isUp: boolean
  /** Resolves when it is gone and what it left has been taken care of. */
  kill(): Promise<void>
}

function add(giveUp: (reason: string) => void): AddedThread {
  const thread = currentThread()
  const { kernel, memory } = thread
  const id = kernel.threadReserve()
  const program = new URL('./thread-entry.js', import.meta.resolve('@millrace/core'))
  const life = kernel.threadLife(id)
  // Of those that the pool starts the providers are the modules imported by then.
  const providers = [import.meta.resolve('@millrace/sync')]
  const added = host.spawn(program, { memory: memory.memory, maximum: memory.maximum, id, life, providers })
  const gone = new Promise<void>(resolve => {
    added.onExit(error => {
      if (error) giveUp(`a thread died of ${error.stack}`)
      kernel.threadReap(thread.id, id)
      resolve()
    })
  })
  return {
    get isUp() {
      return kernel.threadIsAlive(id) !== 0
    },
    async kill() {
      await added.terminate()
      await gone
    },
  }
}

/** Threads beside those that the pool starts itself, which cannot be had from outside: one more than there is in the API. */
export class AddedThreads {
  readonly #threads: AddedThread[]
  readonly #giveUp: (reason: string) => void

  constructor(count: number, giveUp: (reason: string) => void) {
    this.#giveUp = giveUp
    this.#threads = range(count).map(() => add(giveUp))
  }

  get areUp(): boolean {
    return this.#threads.every(({ isUp }) => isUp)
  }

  /** Kills one of them and adds another. Answers false if it met one that is still starting: most of those are let live. */
  async killOne(random: (n: number) => number): Promise<boolean> {
    const i = random(this.#threads.length)
    const victim = this.#threads[i]!
    if (!victim.isUp && random(20) > 0) return false
    this.#threads[i] = add(this.#giveUp)
    await victim.kill()
    return true
  }
}
