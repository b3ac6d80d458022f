import { expect, test } from 'vitest'
import { geometricMean, median, quantile, ratio } from './statistics.js'

test('the median is the middle value, whatever the order', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([10, 9, 100, 8])).toBe(9.5)
  expect(median([7])).toBe(7)
  expect(median([])).toBeNaN()
})

test('the median leaves its argument as it was, and sorts by number', () => {
  const values = [10, 9, 2]
  expect(median(values)).toBe(9)
  expect(values).toEqual([10, 9, 2])
})

test('a quantile lies between its neighbours in proportion', () => {
  expect(quantile([0, 10], 0.25)).toBe(2.5)
  expect(quantile([1, 2, 3], 1)).toBe(3)
  expect(quantile([1, 2, 3], 0)).toBe(1)
})

test('a ratio above 1 means less time than the base', () => {
  expect(ratio([10, 10, 10], [20, 20, 20])).toBe(2)
  expect(ratio([20], [10])).toBe(0.5)
})

test('a ratio compares round by round, so that a slow round counts for both', () => {
  expect(ratio([1, 10, 1], [2, 20, 2])).toBe(2)
  expect(ratio([1, 1], [2, 2, 1000])).toBe(2)
  expect(ratio([], [1])).toBeNaN()
})

test('the geometric mean of ratios takes twice and half as one', () => {
  expect(geometricMean([2, 0.5])).toBeCloseTo(1)
  expect(geometricMean([8, 1, 1])).toBeCloseTo(2)
  expect(geometricMean([])).toBeNaN()
})
