import { expect, test } from 'vitest'
// @ts-expect-error a script without types
import { errorClasses, errorsPage } from '../../docs/scripts/errors.mjs'
import { read } from './workspace.js'

test('docs/errors.md is what its script makes (node docs/scripts/errors.mjs)', () => {
  expect(read('docs/errors.md')).toBe(errorsPage())
})

test('every error that a package exports has its section', async () => {
  const listed = [...read('docs/errors.md').matchAll(/^## (\w+)$/gm)].map(([, code]) => code)
  const exported = new Set<string>()
  for (const name of new Set<string>(errorClasses().map((found: { package: string }) => found.package))) {
    for (const value of Object.values(await import(name))) {
      if (typeof value !== 'function' || !(value.prototype instanceof Error)) continue
      const { code } = new (value as new (...args: unknown[]) => Error & { code?: string })('', '')
      if (code !== undefined) exported.add(code)
    }
  }
  expect([...exported].sort()).toEqual(listed.sort())
})
