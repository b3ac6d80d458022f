// Compiles assembly/ and embeds the binary in a source file, so that every bundler and runtime finds it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const root = new URL('..', import.meta.url)
const out = 'src/generated/kernel.wasm'
mkdirSync(new URL('src/generated/', root), { recursive: true })
process.chdir(new URL(root).pathname)

const { error, stderr } = await asc.main([
  'assembly/index.ts',
  ...['--outFile', out, '-O3', '--runtime', 'stub', '--noAssert'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '4', '--maximumMemory', '65536'],
  ...['--enable', 'threads', '--use', 'abort='],
])
if (error) {
  process.stderr.write(stderr.toString())
  process.exit(1)
}
const base64 = readFileSync(new URL(out, root)).toString('base64')
writeFileSync(
  new URL('src/generated/kernel-binary.ts', root),
  `// Made by scripts/build.mjs from assembly/. Base64.\nexport const KERNEL_BINARY =\n  '${base64}'\n`,
)
