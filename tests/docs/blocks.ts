// The code in the documentation, as programs.
//
//   ```ts           is compiled and run            ```js           as well
//   ```ts no-run    is only compiled               anything else   is not code
//
// Every line `expression // => text` must show that text, as must `const name = expression // => text`, and a `console.log(…)`
// anywhere in such a line. A block ```text output right behind a program is all that the program prints.
//
// In the docstrings of packages every @example is such a program. It need not import what packages export, and what follows
// its exports is put into main.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Block {
  /** Relative to the root of the workspace. */
  file: string
  /** Of its first line of code, from 1. */
  line: number
  language: 'ts' | 'js'
  runs: boolean
  code: string[]
  output?: string
}

const FENCE = /^( *)```(\S*) *(.*)$/

/** The blocks of a Markdown file. */
export function blocksOfMarkdown(file: string, text: string): Block[] {
  const blocks: Block[] = []
  const lines = text.split('\n')
  let program: Block | undefined
  for (let i = 0; i < lines.length; i++) {
    const opening = FENCE.exec(lines[i])
    if (!opening) {
      if (lines[i].trim() !== '') program = undefined
      continue
    }
    const [, indent, language, info] = opening
    const start = i + 1
    do i++
    while (i < lines.length && lines[i].trim() !== '```')
    const code = lines.slice(start, i).map(line => line.slice(Math.min(indent.length, line.search(/\S|$/))))
    if (language === 'ts' || language === 'js') {
      program = { file, line: start + 1, language, runs: info !== 'no-run', code }
      blocks.push(program)
    } else if (language === 'text' && info === 'output') {
      if (!program?.runs) throw new Error(`${file}:${start}: there is no program right before this output`)
      program.output = code.join('\n')
      program = undefined
    }
  }
  return blocks
}

/** The examples in the docstrings of a source file. */
export function blocksOfSource(file: string, text: string): Block[] {
  const blocks: Block[] = []
  let example: Block | undefined
  let inDocstring = false
  text.split('\n').forEach((line, i) => {
    if (/^\s*\/\*\*/.test(line)) inDocstring = true
    const code = line.replace(/^\s*\* ?/, '')
    if (!inDocstring || /^\s*\*\//.test(line) || code.startsWith('@')) example = undefined
    if (inDocstring && code.trim() === '@example') {
      example = { file, line: i + 2, language: 'ts', runs: true, code: [] }
      blocks.push(example)
    } else example?.code.push(code)
    if (line.includes('*/')) inDocstring = false
  })
  for (const block of blocks) putRestIntoMain(block.code)
  return blocks
}

/** Threads of the pool import the module for its exports: they must not run the rest of it. */
function putRestIntoMain(code: string[]): void {
  const lastExport = code.findLastIndex(line => line.startsWith('export '))
  if (lastExport < 0) return
  const rest = code.findIndex((line, i) => i > lastExport && /^[^\s)\]}]/.test(line))
  if (rest < 0) return
  code[rest] = `main(async () => { ${code[rest]}`
  code[code.length - 1] += '\n})'
}

const EXPECTATION = /^(\s*)(.*?);?\s*\/\/ => (.*)$/

/** The program of a block: line for line as it stands in its file, with its expectations as calls. */
export function programOf(block: Block, names: Map<string, Export>): string {
  const lines = block.code.map((line, i) => {
    const expectation = EXPECTATION.exec(line)
    if (!expectation) return line
    const [, indent, code, text] = expectation
    const head = `${block.line + i}, ${JSON.stringify(text.trim())}`
    if (code === '') throw new Error(`${block.file}:${block.line + i}: "// =>" has nothing before it`)
    const declared = /^(?:const|let) ([\w$]+).*? = /.exec(code)
    if (declared) return `${indent}${code}; $value(${head}, ${declared[1]})`
    if (code.includes('console.log(')) return indent + code.replace('console.log(', () => `$print(${head}, `)
    return `${indent}$value(${head}, ${code})`
  })
  const isDocstring = !block.file.endsWith('.md')
  return (
    '\n'.repeat(block.line - 1) + lines.join('\n') + (isDocstring ? importsFor(lines.join('\n'), names) : '')
  )
}

/** The lines of a block whose expectations must be met. */
export function expectationsOf(block: Block): number[] {
  return block.code.flatMap((line, i) => (EXPECTATION.test(line) ? [block.line + i] : []))
}

export interface Export {
  package: string
  isType: boolean
}

/** What a package's source exports, by name. */
export function exportsOf(packageName: string, index: string): Map<string, Export> {
  const names = new Map<string, Export>()
  if (!existsSync(index)) return names
  const text = readFileSync(index, 'utf8')
  for (const [, allTypes, list] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list.split(',')) {
      const [, isType, name] = /^\s*(type )?(?:\w+ as )?(\w+)\s*$/.exec(item) ?? []
      if (name) names.set(name, { package: packageName, isType: Boolean(allTypes ?? isType) })
    }
  }
  for (const [, keyword, name] of text.matchAll(
    /^export (?:async )?(class|function|const|interface|type) (\w+)/gm,
  )) {
    names.set(name, { package: packageName, isType: keyword === 'interface' || keyword === 'type' })
  }
  for (const [, from] of text.matchAll(/^export \* from '(\.[^']*)\.js'/gm)) {
    for (const [name, found] of exportsOf(packageName, join(dirname(index), `${from}.ts`)))
      names.set(name, found)
  }
  return names
}

function importsFor(code: string, names: Map<string, Export>): string {
  if (/^import /m.test(code)) return ''
  const words = new Set(code.match(/[A-Za-z_$][\w$]*/g))
  const declares = (name: string) => new RegExp(`\\b(const|let|function|class) ${name}\\b`).test(code)
  const imports = [...names].filter(([name]) => words.has(name) && !declares(name))
  return imports
    .map(([name, from]) => `\nimport { ${from.isType ? 'type ' : ''}${name} } from '${from.package}'`)
    .join('')
}
