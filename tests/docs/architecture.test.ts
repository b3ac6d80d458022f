import { describe, expect, test } from 'vitest'
import { filesUnder, read } from './workspace.js'

// ARCHITECTURE.md has a table of files under each heading that is a folder.
const folders = read('ARCHITECTURE.md')
  .split(/^### /m)
  .slice(1)
  .map(section => ({
    folder: section.slice(0, section.indexOf('\n')),
    named: [...section.matchAll(/^\| `([\w/.-]+\.ts)` *\|/gm)].map(([, file]) => file).sort(),
  }))
  .filter(({ named }) => named.length > 0)

test('ARCHITECTURE.md has tables of files', () => {
  expect(folders.map(({ folder }) => folder)).toEqual([
    'packages/kernel/assembly',
    'packages/kernel/src',
    'packages/core/src',
  ])
})

describe('ARCHITECTURE.md names the files that there are', () => {
  test.each(folders)('in $folder', ({ folder, named }) => {
    const files = filesUnder(folder, '.ts').filter(file => !/\.test(-d)?\.ts$/.test(file))
    expect(named).toEqual(files.map(file => file.slice(folder.length + 1)))
  })
})
