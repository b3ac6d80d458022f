import { describe, expect, test } from 'vitest'
import { findHost } from '../hosts/find-host.js'
import { notFound } from '../hosts/host-laws.js'
import { stress, TIMEOUT_MS } from './run-stress.js'

// Real threads, chance, and a check of every single value. MILLRACE_LONG=1 makes it ten million messages and a thousand kills of
// each sort; MILLRACE_SEED=… does again what failed.

const node = findHost('node')!

describe('traffic between five threads, capacities 0, 1, 2, 3, 64 and 1000: nothing lost, doubled or out of order', () => {
  test.for([
    ['plain', 'send and receive'],
    ['try', 'trySend and tryReceive'],
    ['select', 'select over three channels on both sides'],
    ['cancel', 'operations that are canceled at random'],
    ['many', 'receiveMany'],
    ['mixed', 'words, cells and blocks in turn'],
    ['swap', 'selects that send and receive on the same channels, with and without buffers'],
    ['close', 'closed at random'],
  ] as const)('%s: %s', { timeout: TIMEOUT_MS }, async ([manner]) => {
    const { total } = await stress(node, 'stress/traffic', manner)
    expect(total).toBeGreaterThan(manner === 'close' ? 0 : 29_999)
  })
})

describe('the same on hosts with other engines and other threads', () => {
  for (const name of ['deno', 'bun'] as const) {
    const host = findHost(name)
    if (!host) notFound(name, 'traffic')
    else {
      test.for(['mixed', 'select', 'swap', 'cancel'] as const)(
        `%s on ${name}`,
        { timeout: TIMEOUT_MS },
        async manner => {
          const { total } = await stress(host, 'stress/traffic', manner)
          expect(total).toBeGreaterThan(29_999)
        },
      )
    }
  }
})

describe('threads are killed at random: the others never stand still, and nothing is lost but what the dead had taken', () => {
  test('threads on rings of the kernel, killed from outside', { timeout: TIMEOUT_MS }, async () => {
    const { killed } = await stress(node, 'stress/kill-ring')
    expect(killed).toBeGreaterThanOrEqual(60)
  })

  test('threads of the pool with their goroutines, killed from outside', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { kills } = await stress(node, 'stress/kill-pool', 'terminate')
    expect(kills).toBeGreaterThanOrEqual(200)
  })

  test('threads of the pool that end themselves in the middle of a goroutine', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { kills } = await stress(node, 'stress/kill-pool', 'exit')
    expect(kills).toBeGreaterThanOrEqual(60)
  })

  test.for(['terminate', 'exit'] as const)(
    'threads whose goroutines hold locks, permits and groups, and wait for them: %s',
    { timeout: TIMEOUT_MS },
    async way => {
      const { kills, lost, told, groups } = await stress(node, 'stress/kill-lock', way)
      expect(kills).toBeGreaterThanOrEqual(60)
      expect(lost).toBeGreaterThan(0)
      expect(groups).toBeGreaterThan(0)
      if (way === 'exit') expect(told).toBeGreaterThan(0) // these end in the middle of what they do
    },
  )

  test.for(['terminate', 'exit'] as const)(
    'threads that start trees of goroutines on each other: %s',
    { timeout: TIMEOUT_MS },
    async way => {
      const { kills, lostNodes, lostTrees, whole } = await stress(node, 'stress/kill-tree', way)
      expect(kills).toBeGreaterThanOrEqual(80)
      expect(Number(lostNodes) + Number(lostTrees)).toBeGreaterThan(0)
      expect(whole).toBeGreaterThan(0)
    },
  )
})

test('groups whose goroutines end their threads, and that are aborted at random, keep their promises', {
  timeout: TIMEOUT_MS,
}, async () => {
  const totals = await stress(node, 'stress/kill-group')
  for (const what of ['started', 'refused', 'well', 'failed', 'lost', 'aborted', 'lostGroups']) {
    expect(totals[what], what).toBeGreaterThan(0)
  }
})

describe('monitors with lines, tickets and held amounts, used by five threads: never too much is in use, and nobody waits for ever', () => {
  test('nobody is killed', { timeout: TIMEOUT_MS }, async () => {
    const { had, gaveUp } = await stress(node, 'stress/kill-monitors', 'none')
    expect(had).toBeGreaterThan(5000)
    expect(gaveUp).toBeGreaterThan(0)
  })

  test.for(['terminate', 'exit'] as const)('threads are killed: %s', { timeout: TIMEOUT_MS }, async way => {
    const { kills, lost, had } = await stress(node, 'stress/kill-monitors', way)
    expect(kills).toBeGreaterThanOrEqual(60)
    expect(lost).toBeGreaterThan(0)
    expect(had).toBeGreaterThan(5000)
  })
})

test('a loop that selects between the end and work leaves nothing behind, however long it runs', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { heapGrowth } = await stress(node, 'stress/select-loop')
  expect(heapGrowth).toBe(0)
})
