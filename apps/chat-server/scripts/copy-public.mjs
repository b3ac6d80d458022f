// The page is plain files: they go beside the compiled server as they are.

import { cp, rm } from 'node:fs/promises'

const from = new URL('../src/public/', import.meta.url)
const to = new URL('../dist/public/', import.meta.url)
await rm(to, { recursive: true, force: true })
await cp(from, to, { recursive: true })
