// Imports go down only, and never round in a circle.

import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { filesOf, findCycle, importsIn, importsOf } from './import-graph.js'
import { filesBelow, publicPackages } from './public-packages.js'

// From the lowest up: a package may import those before it.
const layers = ['kernel', 'core', 'sync', 'errgroup', 'patterns'].map(name => `@millrace/${name}`)

const sourcesOf = (folder: string) =>
  ['src', 'assembly']
    .map(part => `${folder}/${part}`)
    .filter(part => existsSync(new URL(`../../${part}`, import.meta.url)))
    .flatMap(part => filesBelow(part).map(file => `${part}/${file}`))
    .filter(file => /\.[cm]?[jt]s$/.test(file) && !file.endsWith('.test.ts'))

it('every public package has its place', () => {
  expect(publicPackages.map(({ name }) => name).sort()).toEqual([...layers].sort())
})

describe.each(publicPackages)('$name', ({ name, folder, manifest }) => {
  const below = layers.slice(0, layers.indexOf(name))
  const sources = sourcesOf(folder)

  it('depends on what is below it', () => {
    const siblings = Object.keys(manifest.dependencies ?? {}).filter(dependency =>
      dependency.startsWith('@millrace/'),
    )
    expect(siblings.filter(sibling => !below.includes(sibling))).toEqual([])
  })

  it('imports what is below it, as a dependency', () => {
    expect(sources).not.toEqual([])
    const upward = sources.flatMap(file =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('@millrace/'))
        .filter(({ specifier }) => !below.includes(specifier) || !manifest.dependencies?.[specifier])
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
    expect(upward).toEqual([])
  })

  it('reaches into no other package by a path', () => {
    const outside = sources.flatMap(file =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => !new URL(specifier, `file:///${file}`).pathname.startsWith(`/${folder}/`))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
    expect(outside).toEqual([])
  })
})

describe.each(['apps/chat-server', ...publicPackages.map(({ folder }) => folder)])('%s', folder => {
  it('has no import cycle', () => {
    const sources = sourcesOf(folder)
    expect(sources).not.toEqual([])
    // Imports of types may go round: they are gone when the code runs.
    const graph = new Map(
      sources.map(file => {
        const imports = importsOf(file).filter(({ typeOnly }) => !typeOnly)
        return [file, imports.flatMap(({ specifier }) => filesOf(file, specifier))]
      }),
    )
    expect(findCycle(graph)).toBe(undefined)
  })
})

describe('this check', () => {
  it('reads every form of import', () => {
    const source = `
import './a.js'
import b from "./b"
import {
  c,
  type C,
} from './c.js'
import type { D } from './d.js'
export * from './e.js'
export type { F } from './f.js'
export const later = () => import('./g.js')
// import('./not.js')
 * import h from './not.js'
const text = 'import from'
export function from() { return './not.js' }
`
    const found = importsIn(source)
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual([
      './d.js',
      './f.js',
    ])
    expect(
      found
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => specifier)
        .sort(),
    ).toEqual(['./a.js', './b', './c.js', './e.js', './g.js'])
  })

  it('follows an import to the files that it can mean', () => {
    const thread = 'packages/kernel/src/thread.ts'
    expect(filesOf(thread, './doorbell.js')).toEqual(['packages/kernel/src/doorbell.ts'])
    expect(filesOf(thread, 'node:fs')).toEqual([])
  })

  it('finds a way round, and none where there is none', () => {
    expect(
      findCycle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
          ['c', []],
        ]),
      ),
    ).toBe(undefined)
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b'])
  })
})
