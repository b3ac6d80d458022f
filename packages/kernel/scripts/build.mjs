// Compiles assembly/ and embeds the binary in a source file, so that every bundler and runtime finds it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { compileKernel } from './compile.mjs'

const generated = new URL('../src/generated/', import.meta.url)
let binary
try {
  binary = await compileKernel()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
mkdirSync(generated, { recursive: true })
writeFileSync(new URL('kernel.wasm', generated), binary)
writeFileSync(
  new URL('kernel-binary.ts', generated),
  `// Made by scripts/build.mjs from assembly/. Hexadecimal: compressed it is a fifth smaller than base64 is.\nexport const KERNEL_BINARY =\n  '${Buffer.from(binary).toString('hex')}'\n`,
)
