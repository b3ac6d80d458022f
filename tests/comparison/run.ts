import { writeFileSync } from 'node:fs'
import { main } from '@millrace/core'
import { comparedPage } from './page.js'

main(async () => {
  const page = new URL('../../../docs/patterns/compared.md', import.meta.url)
  writeFileSync(page, await comparedPage())
  process.exit() // some of the contestants keep timers
})
