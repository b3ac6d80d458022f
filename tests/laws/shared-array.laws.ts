import { chan, DataCloneError, go, OutOfSharedMemoryError, sharedArray } from '@millrace/core'
import { equal, isError, ok, range, rejects, show, throws } from './expect.js'
import type { Law } from './law.js'
import * as fixtures from './typed-fixtures.js'

const classes = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const
const kinds = Object.keys(classes) as (keyof typeof classes)[]

/** Typed arrays over memory that threads share. */
export const sharedArrayLaws: Law[] = [
  {
    name: 'a shared array is a typed array of zeros',
    rule: 'API 4',
    run() {
      for (const kind of kinds) {
        for (const length of [0, 1, 7, 1000]) {
          // Twice, so that memory which was used before is among it.
          for (let round = 0; round < 2; round++) {
            const array = sharedArray(kind, length)
            ok(array instanceof classes[kind], `${kind} is no ${classes[kind].name}`)
            equal(array.length, length)
            ok(
              array.every(element => Number(element) === 0),
              'not zeros',
            )
            array.fill((kind === 'i64' || kind === 'u64' ? 1n : 1) as never)
          }
        }
      }
      equal(Object.keys(sharedArray('u8', 2)), ['0', '1'])
    },
  },
  {
    name: 'a shared array crosses by reference: what one thread writes the others see after it',
    rule: 41,
    async run() {
      for (const kind of kinds) {
        if (kind === 'i64' || kind === 'u64') continue
        const array = sharedArray(kind, 5)
        for (const i of range(5)) array[i] = i
        equal(await go(fixtures.addOne, array), 5)
        equal(Array.from(array), [1, 2, 3, 4, 5])
      }
    },
  },
  {
    name: 'it is the same array on this side however it comes back, and one array on the other',
    rule: 'API 4',
    async run() {
      const array = sharedArray('f64', 3)
      ok((await go(fixtures.giveBack, array)) === array, 'another array came back')
      ok(await go(fixtures.areSame, array, { deep: [array] }), 'two arrays arrived')
      const channel = chan<{ at: Float64Array }>(1)
      await go(fixtures.giveBack, channel)
      await channel.send({ at: array })
      ok((await channel.receive())!.at === array, 'another array was received')
    },
  },
  {
    name: 'a part of a shared array crosses by reference, too, and so does a part of the part',
    rule: 'API 4',
    async run() {
      const array = sharedArray('i32', 10)
      const part = array.subarray(2, 8)
      equal(await go(fixtures.addOne, part), 6)
      equal(Array.from(array), [0, 0, 1, 1, 1, 1, 1, 1, 0, 0])
      const inner = part.subarray(-3).subarray(0, 2)
      equal(await go(fixtures.addOne, inner), 2)
      equal(Array.from(array), [0, 0, 1, 1, 1, 2, 2, 1, 0, 0])
      const back = (await go(fixtures.giveBack, inner)) as typeof array
      back[0] = 9
      equal(array[5], 9)
      // What is made from it, not over it, is an array like any other.
      const copy = array.slice(0, 2)
      ok(copy.buffer instanceof ArrayBuffer, 'a slice is over shared memory')
      equal(await go(fixtures.giveBack, copy), copy)
    },
  },
  {
    name: 'Atomics count exactly on the integers of a shared array',
    rule: 47,
    async run() {
      const counts = sharedArray('i32', 4)
      await Promise.all(range(4).map(() => go(fixtures.addAtomically, counts, 10_000)))
      equal(Array.from(counts), [10_000, 10_000, 10_000, 10_000])
    },
  },
  {
    name: 'a shared array that fills memory anew is seen by threads that have seen less of it',
    rule: 'API 4',
    async run() {
      const early = sharedArray('f64', 4)
      equal(await go(fixtures.addOne, early), 4)
      const large = sharedArray('f64', 2 ** 20)
      large[2 ** 20 - 1] = 41
      equal(await go(fixtures.addOne, large.subarray(2 ** 20 - 1)), 1)
      equal(large[2 ** 20 - 1], 42)
      equal(Array.from(early), [1, 1, 1, 1], 'what was there before')
    },
  },
  {
    name: 'a view made by hand of shared memory is refused with the cure',
    rule: 'API 5',
    needs: ['threads'],
    async run() {
      const array = sharedArray('u8', 8)
      const error = await rejects(
        go(fixtures.giveBack, new Uint8Array(array.buffer, array.byteOffset, 2)),
        'go',
      )
      ok(error instanceof DataCloneError, `${show(error)} is not a DataCloneError`)
      ok(error.message.includes('sharedArray()'), error.message)
    },
  },
  {
    name: 'a kind or length that no array has is a RangeError, one that does not fit an OutOfSharedMemoryError',
    rule: 'API 3',
    run() {
      for (const kind of ['i128', 'Float64Array', '', undefined, 'toString']) {
        ok(throws(() => sharedArray(kind as never, 1), `${kind}`) instanceof RangeError, 'another error')
      }
      for (const length of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4', undefined, 2 ** 60]) {
        ok(
          throws(() => sharedArray('f64', length as never), `${length}`) instanceof RangeError,
          'another error',
        )
      }
      for (const length of [2 ** 30 + 8, 2 ** 31, 2 ** 32 + 1, 2 ** 50]) {
        const error = throws(() => sharedArray('u8', length), `${length}`)
        ok(error instanceof OutOfSharedMemoryError, `${show(error)} is not an OutOfSharedMemoryError`)
        isError(error, 'ERR_OUT_OF_SHARED_MEMORY', 'out of shared memory')
      }
    },
  },
]
