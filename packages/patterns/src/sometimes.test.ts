import { expect, test } from 'vitest'
import { Sometimes, type SometimesOptions } from './index.js'

/** Which of so many calls, 100 ms apart, do it. */
function doneBy(options: SometimesOptions, calls = 10): number[] {
  let now = 5000
  const sometimes = new Sometimes({ now: () => now, ...options })
  const done: number[] = []
  for (let i = 0; i < calls; i++, now += 100) sometimes.do(() => done.push(i))
  return done
}

test.each<[SometimesOptions, number[]]>([
  [{}, [0]],
  [{ first: 1 }, [0]],
  [{ first: 3 }, [0, 1, 2]],
  [{ every: 1 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [{ every: 3 }, [0, 3, 6, 9]],
  [{ intervalMs: 300 }, [0, 3, 6, 9]],
  [{ intervalMs: 250 }, [0, 3, 6, 9]],
  [{ intervalMs: 1e9 }, [0]],
  [{ first: 2, every: 4, intervalMs: 600 }, [0, 1, 4, 8]],
  [{ first: 2, intervalMs: 300 }, [0, 1, 4, 7]],
])('%o does it at %o', (options, expected) => {
  expect(doneBy(options)).toEqual(expected)
})

test('what it throws is thrown, and it was done', () => {
  const sometimes = new Sometimes()
  const boom = (): never => {
    throw new Error('boom')
  }
  expect(() => sometimes.do(boom)).toThrow('boom')
  sometimes.do(boom)
})

test('it may be asked from within', () => {
  const sometimes = new Sometimes({ first: 2 })
  let times = 0
  const again = (): void => {
    times++
    sometimes.do(again)
  }
  sometimes.do(again)
  expect(times).toBe(2)
})

test.each<[unknown, typeof TypeError | typeof RangeError]>([
  [{ first: -1 }, RangeError],
  [{ first: 1.5 }, RangeError],
  [{ every: Number.NaN }, RangeError],
  [{ every: '2' }, TypeError],
  [{ intervalMs: -1 }, RangeError],
  [{ now: 1 }, TypeError],
])('refuses %o', (options, ErrorClass) => {
  expect(() => new Sometimes(options as SometimesOptions)).toThrow(ErrorClass)
  expect(() => new Sometimes().do(undefined as never)).toThrow(TypeError)
})
