import { describe, expect, test } from 'vitest'
import { chan } from './chan.js'
import { i32, struct } from './element-type.js'
import { type Case, select, send } from './select.js'

const point = () => chan<{ x: number }>(1, struct({ x: i32 }))

describe('select over an array', () => {
  test('goes on with what is there when code that it runs changes the array', async () => {
    const cases: Case[] = [chan<number>(), send(point(), { x: 0 })]
    cases[1] = send(point(), {
      get x() {
        cases[0] = null
        return 1
      },
    })
    expect(await select(cases)).toEqual({ case: 1, value: undefined, ok: true })
  })

  test('reads what a case sends no more often beside a nil case', async () => {
    const readsBeside = async (...others: Case[]): Promise<number> => {
      let reads = 0
      const counted = {
        get x() {
          return ++reads
        },
      }
      await select([send(point(), counted), ...others])
      return reads
    }
    expect(await readsBeside(null, undefined, send(null, 1))).toBe(await readsBeside(chan()))
  })
})
