// Whatever happens, in whatever order: the circuit lets no more probes through than it may, and is never stuck.

import { expect, test } from 'vitest'
import {
  abandoned,
  admit,
  type CircuitSettings,
  close,
  failed,
  open,
  type Permit,
  restore,
  rules,
  stateOf,
  succeeded,
  toJSON,
} from './circuit.js'

const numbersFrom = (seed: number) => {
  let state = seed
  return (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

const fresh = (): number[] => new Array(rules.size).fill(0)

interface Call {
  permit: Permit
  at: number
  isProbe: boolean
}

function play(seed: number, { withClockSetBack = false } = {}): void {
  const random = numbersFrom(seed)
  const settings: CircuitSettings = {
    resetMs: random(5) * 50,
    probes: 1 + random(3),
    threshold: random(2) === 0 ? 1 + random(3) : Number.POSITIVE_INFINITY,
    window: random(2) === 0 ? { ms: 100, minimum: 1 + random(4), ratio: 0.5 } : undefined,
  }
  const leaseMs = Math.max(settings.resetMs, 1)
  let state = fresh()
  let now = 1e6
  let calls: Call[] = []

  const steps = [
    function begin() {
      const isProbe = stateOf(state, settings, now) !== 'closed'
      const { permit, retryAfterMs } = admit(state, settings, now)
      if (permit) calls.push({ permit, at: now, isProbe })
      else {
        expect(retryAfterMs).toBeGreaterThan(0)
        expect(retryAfterMs).toBeLessThanOrEqual(leaseMs)
      }
    },
    function end() {
      const [call] = calls.splice(random(calls.length), 1)
      if (!call) return
      const way = random(3)
      if (way === 0) succeeded(state, settings, call.permit, now)
      else if (way === 1) failed(state, settings, call.permit, now)
      else abandoned(state, call.permit)
    },
    function pass() {
      now += random(withClockSetBack && random(4) === 0 ? 1 : 80)
      if (withClockSetBack && random(6) === 0) now -= random(500)
    },
    function byHand() {
      if (random(4) > 0) return
      if (random(2) === 0) open(state, now)
      else {
        close(state, now)
        calls = calls.map(call => ({ ...call, isProbe: false }))
      }
    },
    function overARestart() {
      if (random(6) > 0) return
      const json = toJSON(state, settings, now)
      state = fresh()
      restore(state, JSON.parse(JSON.stringify(json)), now)
      expect(stateOf(state, settings, now)).toBe(json.state)
      calls = [] // a new process
    },
  ]
  for (let i = 0; i < 150; i++) {
    steps[[0, 0, 0, 1, 1, 2, 2, 3, 4][random(9)]]()
    if (withClockSetBack) continue
    const underWay = calls.filter(({ isProbe, at }) => isProbe && now - at < settings.resetMs)
    if (stateOf(state, settings, now) === 'half-open')
      expect(underWay.length).toBeLessThanOrEqual(settings.probes)
  }

  // Nobody who is under way ever reports. Still, as soon as calls succeed it closes.
  for (let i = 0; i < settings.probes + 2 && stateOf(state, settings, now) !== 'closed'; i++) {
    now += leaseMs
    const { permit } = admit(state, settings, now)
    if (permit) succeeded(state, settings, permit, now)
    else expect(withClockSetBack).toBe(true)
  }
  expect(stateOf(state, settings, now)).toBe('closed')
}

test('any 150 steps', () => {
  for (let seed = 1; seed <= 500; seed++) play(seed)
})

test('any 150 steps while somebody sets the clock back', () => {
  for (let seed = 1; seed <= 500; seed++) play(seed, { withClockSetBack: true })
})
