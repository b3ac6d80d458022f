import { expect, test } from 'vitest'
import { parseBenchmark } from './contestants/go-test.js'

test('a figure is found in what Go prints, with and without the processors', () => {
  const printed = `goos: linux
BenchmarkChanSync       \t 1000000\t       172.4 ns/op
BenchmarkChanSyncWork-2 \t  500000\t       506 ns/op
PASS
`
  expect(parseBenchmark(printed, 'BenchmarkChanSync')).toBe(172.4)
  expect(parseBenchmark(printed, 'BenchmarkChanSyncWork')).toBe(506)
  expect(() => parseBenchmark(printed, 'BenchmarkOther')).toThrow('BenchmarkOther printed no ns/op')
})

test('what a benchmark reports beside the time does not matter', () => {
  expect(parseBenchmark('BenchmarkX   \t 10\t 388.0 ns/op\t 16 B/op\t 1 allocs/op\n', 'BenchmarkX')).toBe(388)
})
