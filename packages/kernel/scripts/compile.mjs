// Compiles assembly/ to the kernel's binary.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('..', import.meta.url))
const OUT = 'kernel.wasm'

/**
 * The binary. `edit` may change the text of a file of assembly/ on its way to the compiler, and `optimize` how hard that tries.
 * @param {{ edit?: (file: string, text: string) => string, optimize?: string }} [options]
 * @returns {Promise<Uint8Array>}
 */
export async function compileKernel({ edit = (_, text) => text, optimize = '-O3' } = {}) {
  let binary
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--outFile', OUT, optimize, '--runtime', 'stub', '--noAssert'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '4', '--maximumMemory', '65536'],
      ...['--enable', 'threads', '--use', 'abort='],
      ...['--baseDir', root],
    ],
    {
      readFile(file, baseDir) {
        const path = `${baseDir}/${file}`
        if (!existsSync(path)) return null // the compiler tries several places
        const text = readFileSync(path, 'utf8')
        return file.startsWith('assembly/') ? edit(file.slice('assembly/'.length), text) : text
      },
      writeFile(file, contents) {
        if (file === OUT) binary = contents
      },
    },
  )
  if (error || !binary) throw new Error(`assembly/ does not compile:\n${stderr.toString()}`)
  return binary
}
