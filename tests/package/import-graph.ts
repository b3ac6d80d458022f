// Which file imports which, read from the import statements. Formatted code has them at the
// start of a line, so an import in a comment or a string is not one.

import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { root } from './public-packages.js'

export interface Import {
  specifier: string
  /** Only for types: gone when the code runs. */
  typeOnly: boolean
}

export function importsIn(source: string): Import[] {
  const statements = source.matchAll(/^(?:import|export)\b(\s+type\b)?[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]/gm)
  const bare = source.matchAll(/^import\s*['"]([^'"]+)['"]/gm)
  const dynamic = source.matchAll(/^(?!\s*(?:\/\/|\*)).*\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm)
  return [
    ...[...statements].map(([, type, specifier]) => ({
      specifier: specifier!,
      typeOnly: type !== undefined,
    })),
    ...[...bare, ...dynamic].map(([, specifier]) => ({ specifier: specifier!, typeOnly: false })),
  ]
}

export function importsOf(file: string): Import[] {
  return importsIn(readFileSync(`${root}${file}`, 'utf8'))
}

/** Answers the source files of the same package that an import in `file` can mean; none for another package. */
export function filesOf(file: string, specifier: string): string[] {
  if (!specifier.startsWith('.')) return []
  const path = posix.join(posix.dirname(file), specifier)
  const candidates = [path, path.replace(/\.js$/, '.ts'), `${path}.ts`, `${path}/index.ts`]
  return candidates.filter(isSource).slice(0, 1)
}

function isSource(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path) && existsSync(`${root}${path}`)
}

/** Answers one way round, first file repeated at the end, or undefined when there is none. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []

  function visit(file: string): string[] | undefined {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    path.push(file)
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next)
      if (cycle) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }

  for (const file of graph.keys()) {
    const cycle = visit(file)
    if (cycle) return cycle
  }
  return undefined
}
