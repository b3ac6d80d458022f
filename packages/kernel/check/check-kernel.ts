// The kernel with its steps, as a module: the one that is shipped, or one with a bug in it.

import { compileKernel } from '../scripts/compile.mjs'
import { kernelBinary } from '../src/kernel.js'
import { instrument } from './instrument.js'

/** A change of a file of assembly/, in one place or two. */
export interface Mutation {
  readonly file: string
  readonly from: string
  readonly to: string
  readonly and?: { readonly from: string; readonly to: string }
}

/** The binary that everybody gets, instrumented. */
export function shippedKernel(): WebAssembly.Module {
  return new WebAssembly.Module(instrument(kernelBinary()))
}

/** With changes. @throws {Error} What is to be changed is not there exactly once. */
export async function changedKernel(
  mutations: readonly Mutation[],
  optimize = '-O3',
): Promise<WebAssembly.Module> {
  const edit = (name: string, text: string): string => {
    let changed = text
    for (const { file, and, ...first } of mutations) {
      if (name !== file) continue
      for (const { from, to } of and ? [first, and] : [first]) {
        const times = text.split(from).length - 1
        if (times !== 1) throw new Error(`${file} has this ${times} times, not once:\n${from}`)
        changed = changed.replace(from, () => to)
      }
    }
    return changed
  }
  return new WebAssembly.Module(instrument(await compileKernel({ edit, optimize })))
}

/** With a bug. Not optimized, to be quick: the accesses are the same. */
export const mutatedKernel = (...mutations: readonly Mutation[]): Promise<WebAssembly.Module> =>
  changedKernel(mutations, '-O0')
