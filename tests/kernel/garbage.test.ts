import { describe, expect, test } from 'vitest'
import { findHost } from '../hosts/find-host.js'
import { programFile, runProgram } from '../hosts/run-program.js'
import { isLong } from '../stress/seed.js'

// What nobody can reach any more gives its shared memory back.

const { ended } = runProgram(findHost('node')!, programFile('kernel/garbage'), {
  hostArgs: ['--expose-gc'],
  timeoutMs: 120_000,
})

const kinds = [
  'empty channels',
  'channels with numbers in them',
  'channels with blocks in them',
  'closed channels with blocks in them',
  'channels in channels',
  'references of every kind that nobody ever took',
  'shared arrays',
  'channels with cells in them',
  'values that are never received by canceled senders',
  'channels that another thread knew',
]

describe('shared memory stays flat while garbage is made of', () => {
  test.for(kinds)('%s', { timeout: 120_000 }, async kind => {
    const { code, stdout, stderr } = await ended
    expect(code, stderr).toBe(0)
    const lines = stdout.trim().split('\n')
    const { used } = lines.map(line => JSON.parse(line)).find(line => line.kind === kind)
    const [middle, last] = [used[Math.floor(used.length / 2)], used.at(-1)]
    expect(last - middle, `bytes used after each round: ${used}`).toBeLessThanOrEqual(4 * 65_536)
  })

  test('a part of a shared array keeps the whole', { timeout: 120_000 }, async () => {
    const { stdout } = await ended
    expect(JSON.parse(stdout.slice(0, stdout.indexOf('\n')))).toEqual({ kind: 'a part', kept: true })
  })

  const perRound = isLong ? 125_000 : 25_000
  test(`${8 * perRound} channels, each shared and forgotten`, { timeout: 120_000 }, async () => {
    const { ended } = runProgram(findHost('node')!, programFile('kernel/garbage'), {
      hostArgs: ['--expose-gc'],
      args: [String(perRound)],
      timeoutMs: 120_000,
    })
    const { code, stdout, stderr } = await ended
    expect(code, stderr).toBe(0)
    const { used } = JSON.parse(stdout)
    // The garbage collector lets some tens of thousands come together before it looks; so many there may be, and no more.
    const [second, last] = [used[1], used.at(-1)]
    expect(last - second, `bytes used after each round: ${used}`).toBeLessThanOrEqual(0.2 * second)
  })
})
