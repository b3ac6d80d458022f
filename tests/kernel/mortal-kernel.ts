import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Kernel, SharedMemory } from '@millrace/kernel'

// The kernel, compiled so that a test can have its caller die between any two accesses to shared memory: before each it calls `step`,
// which is the test's.

const root = fileURLToPath(new URL('../../packages/kernel/', import.meta.url))

/** What a mortal kernel's `step` throws when its time has come. */
export class Death extends Error {}

let module: Promise<WebAssembly.Module> | undefined

async function compile(): Promise<WebAssembly.Module> {
  const { default: asc } = await import(
    pathToFileURL(join(root, 'node_modules/assemblyscript/dist/asc.js')).href
  )
  let binary: Uint8Array<ArrayBuffer> | undefined
  const { error, stderr } = await asc.main(
    [
      ...['assembly/index.ts', '--outFile', 'mortal.wasm', '-O3', '--runtime', 'stub', '--noAssert'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '4', '--maximumMemory', '65536'],
      ...['--enable', 'threads', '--use', 'abort='],
    ],
    {
      readFile(name: string) {
        try {
          const text = readFileSync(join(root, name), 'utf8')
          if (name !== 'assembly/atomics.ts') return text
          const [stepping, doors] = [text.replace(/\{\n {2}/g, '{\n  step()\n  '), text.match(/\{\n {2}/g)]
          if (!doors || doors.length < 10) throw new Error('the atomics are not what they were')
          return `@external("env", "step") declare function step(): void\n${stepping}`
        } catch (error) {
          if ((error as { code?: string }).code === 'ENOENT') return null
          throw error
        }
      },
      writeFile(name: string, contents: Uint8Array<ArrayBuffer>) {
        if (name === 'mortal.wasm') binary = contents
      },
      listFiles: () => [],
    },
  )
  if (error || !binary) throw new Error(`the mortal kernel does not compile: ${stderr.toString()}`)
  return new WebAssembly.Module(binary)
}

/** An instance of the kernel whose caller may die. */
export interface MortalKernel {
  readonly kernel: Kernel
  /** Its caller dies before the `step`th access to shared memory from now, counted from 1. */
  dieAt(step: number): void
  /** Calls `listener` before every access to shared memory. */
  onStep(listener: () => void): void
}

export async function mortalKernel(memory: SharedMemory): Promise<MortalKernel> {
  module ??= compile()
  let left = Number.POSITIVE_INFINITY
  let listener = () => {}
  const step = () => {
    if (--left <= 0) throw new Death()
    listener()
  }
  const instance = new WebAssembly.Instance(await module, { env: { memory: memory.memory, step } })
  return {
    kernel: instance.exports as unknown as Kernel,
    dieAt(n) {
      left = n
    },
    onStep(to) {
      listener = to
    },
  }
}
