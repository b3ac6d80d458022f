import { describe, expect, test } from 'vitest'
import { Patience } from './patience.js'

/** How often it does not look, before it looks again. */
function skipped(patience: Patience): number {
  let count = 0
  while (!patience.ask()) count++
  return count
}

describe('Patience', () => {
  test('leaves out one look after the first in vain, then twice as many each time, up to 64', () => {
    const patience = new Patience()
    expect(skipped(patience)).toBe(0)
    const counts = Array.from({ length: 9 }, () => {
      patience.learn(false)
      return skipped(patience)
    })
    expect(counts).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64])
  })

  test('halves that with each look that was not in vain', () => {
    const patience = new Patience()
    for (let i = 0; i < 4; i++) patience.learn(false)
    skipped(patience)
    for (let i = 0; i < 3; i++) expect(patience.learn(true)).toBe(true)
    expect(skipped(patience)).toBe(0)
    expect(patience.learn(false)).toBe(false)
    expect(skipped(patience)).toBe(2) // 16, halved three times
  })

  test('looks longer after four in a row that were not in vain, until one is', () => {
    const patience = new Patience()
    const short = patience.looks
    const long = Array.from({ length: 5 }, () => {
      patience.learn(true)
      return patience.keepsPace
    })
    expect(long).toEqual([false, false, false, true, true])
    expect(patience.looks).toBeGreaterThan(short)
    patience.learn(false)
    expect([patience.keepsPace, patience.looks]).toEqual([false, short])
  })

  test('leaves out nothing after what came soon, and looks longer once', () => {
    const patience = new Patience()
    for (let i = 0; i < 3; i++) patience.learn(false)
    patience.arrived('soon')
    expect([skipped(patience), patience.keepsPace]).toEqual([0, true])
    patience.learn(false)
    expect([skipped(patience), patience.keepsPace]).toEqual([8, false])
  })

  test('does not go by what came soon when looks have been in vain again and again, until one is not', () => {
    const patience = new Patience()
    let looks = 0
    for (let i = 0; i < 640; i++) {
      patience.arrived('soon')
      if (!patience.ask()) continue
      looks++
      patience.learn(false)
    }
    expect(looks).toBeLessThan(20)
    skipped(patience)
    for (let i = 0; i < 2; i++) patience.learn(true)
    patience.learn(false)
    patience.arrived('soon')
    expect(skipped(patience)).toBeGreaterThan(0)
    for (let i = 0; i < 4; i++) patience.learn(true)
    patience.learn(false)
    patience.arrived('soon')
    expect(skipped(patience)).toBe(0)
  })

  test('goes by what was seen, however often looks have been in vain, and never by what came late', () => {
    const patience = new Patience()
    for (let i = 0; i < 10; i++) patience.learn(false)
    patience.arrived('late')
    expect(patience.ask()).toBe(false)
    patience.arrived('seen')
    expect([skipped(patience), patience.keepsPace]).toEqual([0, true])
  })

  test('tells of a long look that was in vain, and of no other', () => {
    let failures = 0
    const patience = new Patience(0, () => failures++)
    patience.learn(false)
    expect(failures).toBe(0)
    for (let i = 0; i < 4; i++) patience.learn(true)
    expect(failures).toBe(0)
    patience.learn(false)
    patience.learn(false)
    expect(failures).toBe(1)
  })

  test('may begin by leaving some out', () => {
    expect(skipped(new Patience(1))).toBe(1)
  })
})
