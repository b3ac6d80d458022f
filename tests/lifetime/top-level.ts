import process from 'node:process'
import { go } from '@millrace/core'
import * as fixtures from './fixtures.js'

// A program that awaits at the top level of its module, twice: what it waits for begins before the main thread falls asleep, and then while
// it sleeps.

await go(fixtures.nap, 50)
const before = process.cpuUsage()
const start = performance.now()
await go(fixtures.nap, 500)
await new Promise(resolve => setTimeout(resolve, 20))
await go(fixtures.nap, 500)
const { user, system } = process.cpuUsage(before)
fixtures.say(JSON.stringify({ share: (user + system) / 1000 / (performance.now() - start) }))
