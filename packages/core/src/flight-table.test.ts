import { SHARE } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { chan } from './chan.js'
import { flightKey } from './flight-key.js'
import { FlightTable } from './flight-table.js'

const nobody = () => {}

describe('a table of calls', () => {
  test('has a call from when it is joined until it ends, and is as small as before then', () => {
    const table = FlightTable.create()
    const flight = table.join(7, nobody)!
    expect(flight.isHere).toBe(true)
    expect(table.isOpen(flight, 7)).toBe(true)
    expect(table.isOpen(flight, 8)).toBe(false)
    expect(table.end(flight, { name: 'seven', value: 1 })).toBe(false)
    expect(table.isOpen(flight, 7)).toBe(false)
  })

  test('lets nobody join a call whose key was forgotten, and another be made', () => {
    const table = FlightTable.create()
    const first = table.join(7, nobody)!
    table.forget(7)
    table.forget(8)
    expect(table.isOpen(first, 7)).toBe(false)
    const second = table.join(7, nobody)!
    expect(second.id).not.toBe(first.id)
    expect(table.end(first, { name: 'seven', value: 1 })).toBe(false)
    expect(table.isOpen(second, 7)).toBe(true)
  })

  test('has no second call of the same hash on one thread: those have other keys', () => {
    const table = FlightTable.create()
    const flight = table.join(7, nobody)!
    expect(table.join(7, nobody)).toBeUndefined()
    table.end(flight, { name: 'seven', value: 1 })
    expect(table.join(7, nobody)?.isHere).toBe(true)
  })

  test('says when it is full, and has room again when calls have ended', () => {
    const table = FlightTable.create()
    const flights = []
    for (let hash = 1; ; hash++) {
      const flight = table.join(hash, nobody)
      if (!flight) break
      flights.push(flight)
    }
    expect(flights.length).toBeGreaterThan(600)
    table.end(flights[300]!, { name: '', value: 1 })
    expect(table.join(100_000, nobody)?.isHere).toBe(true)
    expect(table.join(100_001, nobody)).toBeUndefined()
  })

  test('is the same on each way', () => {
    const table = FlightTable.create()
    const { payload, release } = table[SHARE]()
    expect(payload).toBe(table.address)
    release!()
  })
})

describe('a key', () => {
  test('is known by the same name and hash however often it is asked, and no two by one name', () => {
    const channel = chan()
    const keys = () => [
      ...['', 's', 'null', '1', 1, 1n, -1, 0.5, Number.NaN, Infinity, true, 'true', null, undefined],
      ...[
        {},
        [],
        { a: 1 },
        { a: '1' },
        { a: 1, b: 2 },
        [1],
        new Date(0),
        new Map([[1, 2]]),
        channel,
        { channel },
      ],
    ]
    const names = keys().map(key => flightKey(key)!)
    expect(keys().map(key => flightKey(key))).toEqual(names)
    expect(new Set(names.map(({ name }) => name)).size).toBe(names.length)
    for (const { hash } of names) expect(hash >= 1 && hash <= 2 ** 52 && Number.isInteger(hash)).toBe(true)
  })

  test('is 0 also if it is -0, and nothing that others know if it cannot cross', () => {
    expect(flightKey(-0)).toEqual(flightKey(0))
    for (const key of [Symbol('s'), () => 1, { fn() {} }]) expect(flightKey(key)).toBeUndefined()
  })
})
