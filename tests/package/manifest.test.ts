import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { publicPackages, root } from './public-packages.js'

it('there are public packages', () => {
  expect(publicPackages.map(({ name }) => name)).toContain('@millrace/core')
})

describe.each(publicPackages)('$name', ({ name, folder, manifest }) => {
  it('is an ES module, and only that', () => {
    expect(manifest.type).toBe('module')
    expect(manifest).not.toHaveProperty('main')
    expect(manifest).not.toHaveProperty('module')
    expect(JSON.stringify(manifest.exports)).not.toMatch(/"require"|\.cjs"/)
  })

  it('may be left out by a bundler where nothing of it is used', () => {
    expect(manifest.sideEffects).toBe(false)
  })

  it('names the lowest Node', () => {
    expect(manifest.engines?.node).toBe('>=20.19')
  })

  it('is MIT, and the licence is there to be packed', () => {
    expect(manifest.license).toBe('MIT')
    expect(readFileSync(`${root}${folder}/LICENSE`, 'utf8')).toBe(readFileSync(`${root}LICENSE`, 'utf8'))
  })

  it('has a README and says where its source is', () => {
    expect(existsSync(`${root}${folder}/README.md`)).toBe(true)
    expect(manifest.repository?.directory).toBe(folder)
  })

  it('lists types first and a default last in every export', () => {
    for (const [path, target] of Object.entries(manifest.exports)) {
      if (path === './package.json') continue
      const conditions = Object.keys(target)
      expect([path, conditions[0], conditions.at(-1)]).toEqual([path, 'types', 'default'])
    }
  })

  it('depends on its siblings by workspace, so that they are published together', () => {
    const siblings = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
      ([sibling]) => publicPackages.some(candidate => candidate.name === sibling),
    )
    for (const [sibling, range] of siblings) expect([sibling, range]).toEqual([sibling, 'workspace:*'])
  })

  it('moves with the others: one version, one fixed group', () => {
    const { fixed } = JSON.parse(readFileSync(`${root}.changeset/config.json`, 'utf8')) as {
      fixed: string[][]
    }
    expect(fixed).toHaveLength(1)
    expect(fixed[0]!.some(pattern => pattern === name || pattern === '@millrace/*')).toBe(true)
    expect(manifest.version).toBe(publicPackages[0]!.manifest.version)
  })
})
