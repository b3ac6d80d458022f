// The kernel with its steps, as a module: the one that is shipped, or one with a bug in it.

import { compileKernel } from '../scripts/compile.mjs'
import { kernelBinary } from '../src/kernel.js'
import { instrument } from './instrument.js'

/** A change of one place of assembly/. */
export interface Mutation {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** The binary that everybody gets, instrumented. */
export function shippedKernel(): WebAssembly.Module {
  return new WebAssembly.Module(instrument(kernelBinary()))
}

/** Not optimized, to be quick: the accesses are the same. @throws {Error} `from` is not there exactly once. */
export async function mutatedKernel({ file, from, to }: Mutation): Promise<WebAssembly.Module> {
  let edited = 0
  const edit = (name: string, text: string): string => {
    if (name !== file) return text
    edited = text.split(from).length - 1
    return text.replace(from, to)
  }
  const binary = await compileKernel({ edit, optimize: '-O0' })
  if (edited !== 1) throw new Error(`${file} has this ${edited} times, not once:\n${from}`)
  return new WebAssembly.Module(instrument(binary))
}
