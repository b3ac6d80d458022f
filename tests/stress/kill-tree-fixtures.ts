import process from 'node:process'
import { go, parallel, ThreadLostError } from '@millrace/core'

/** What became of a tree of goroutines: nodes that answered, and nodes whose thread was lost. */
export interface Harvest {
  readonly grown: number
  readonly lost: number
}

/**
 * A node of a tree of goroutines: starts `width` more below it, each on whichever thread takes it, and adds up what became of
 * them. Ends its thread instead once in `suicidal` times (0 = never), before, while or after they run.
 */
export const growTree = parallel(
  import.meta.url,
  async function growTree(depth: number, width: number, suicidal: number, ballast: string): Promise<Harvest> {
    const dies = () => {
      if (suicidal > 0 && Math.random() * suicidal < 1) process.exit(0)
    }
    dies()
    if (depth === 0) return { grown: 1, lost: 0 }
    const below = Array.from({ length: width }, () => go(growTree, depth - 1, width, suicidal, ballast))
    dies()
    let [grown, lost] = [1, 0]
    for (const outcome of await Promise.allSettled(below)) {
      if (outcome.status === 'fulfilled') {
        grown += outcome.value.grown
        lost += outcome.value.lost
      } else if (outcome.reason instanceof ThreadLostError) lost++
      else throw outcome.reason
    }
    dies()
    return { grown, lost }
  },
)
