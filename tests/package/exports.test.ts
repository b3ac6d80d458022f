import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { filesBelow, publicPackages } from './public-packages.js'

const { resolve } = createRequire(import.meta.url)

it('the kernel exports the same to browsers as to other hosts, and imports nothing of Node there', async () => {
  const kernel = publicPackages.find(({ name }) => name === '@millrace/kernel')!
  const file = (name: string) => new URL(`../../${kernel.folder}/dist/${name}.js`, import.meta.url)
  const [index, web] = await Promise.all(['index', 'web'].map(name => import(file(name).href)))
  expect(Object.keys(web)).toEqual(Object.keys(index))
  expect(web.host.name).toBe('web')
  expect(readFileSync(file('web'), 'utf8')).not.toMatch(/from "node:/)
})

describe.each(publicPackages)('$name', ({ name, folder, manifest }) => {
  // Every target of every condition, at any depth.
  const targets: string[] = JSON.stringify(manifest.exports).match(/\.\/[^"]+/g) ?? []

  it('exports no pattern', () => {
    expect(JSON.stringify(manifest.exports)).not.toContain('*')
  })

  it('lets nobody in but by its exports', () => {
    const built = filesBelow(`${folder}/dist`).filter(file => file.endsWith('.js'))
    const inner = built.filter(file => !targets.includes(`./dist/${file}`))
    expect(built).not.toEqual([])
    // The entry itself, by its path, stands for the rest in a package of one file.
    for (const file of ['index.js', ...inner]) {
      expect(() => resolve(`${name}/dist/${file}`)).toThrow(
        expect.objectContaining({ code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }),
      )
    }
  })
})
