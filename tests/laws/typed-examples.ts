import { bool, type Chan, chan, type ElementType, f64, go, i32, i64, struct, u32 } from '@millrace/core'
import * as fixtures from './typed-fixtures.js'

/** An element type, what fits it and what does not. */
export interface Example {
  readonly type: ElementType<unknown>
  readonly fit: readonly unknown[]
  /** What does not fit, with the error that says so. */
  readonly refused: readonly (readonly [
    value: unknown,
    error: typeof TypeError | typeof RangeError,
    message: string,
  ])[]
}

const I32 = 'value must be an i32 (a whole number from -2147483648 to 2147483647), got '
const U32 = 'value must be a u32 (a whole number from 0 to 4294967295), got '
const I64 = 'value must be an i64 (a bigint from -9223372036854775808n to 9223372036854775807n), got '
export const F64 = 'value must be an f64 (a number), got '
const BOOL = 'value must be a bool (true or false), got '

export const nested = struct({ ok: bool, n: i32, u: u32, at: struct({ x: f64, big: i64 }), last: bool })
const whole = { ok: true, n: -7, u: 2 ** 32 - 1, at: { x: -0, big: -(2n ** 63n) }, last: false }

/** Each type with values that are at its edges, and just beyond. */
export const examples: Record<string, Example> = {
  i32: {
    type: i32,
    fit: [0, 1, -1, 2 ** 30, -(2 ** 30) - 1, 2 ** 31 - 1, -(2 ** 31), 16, 32],
    refused: [
      [2 ** 31, RangeError, `${I32}2147483648`],
      [-(2 ** 31) - 1, RangeError, `${I32}-2147483649`],
      [2 ** 40, RangeError, `${I32}1099511627776`],
      [1.5, RangeError, `${I32}1.5`],
      [Number.NaN, RangeError, `${I32}NaN`],
      [Number.POSITIVE_INFINITY, RangeError, `${I32}Infinity`],
      ['1', TypeError, `${I32}"1"`],
      [1n, TypeError, `${I32}1n`],
      [undefined, TypeError, `${I32}undefined`],
      [null, TypeError, `${I32}null`],
      [true, TypeError, `${I32}true`],
    ],
  },
  u32: {
    type: u32,
    fit: [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 16, 0xfffffff0],
    refused: [
      [-1, RangeError, `${U32}-1`],
      [2 ** 32, RangeError, `${U32}4294967296`],
      [0.5, RangeError, `${U32}0.5`],
      [[], TypeError, `${U32}an array`],
    ],
  },
  i64: {
    type: i64,
    fit: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n],
    refused: [
      [2n ** 63n, RangeError, `${I64}9223372036854775808n`],
      [-(2n ** 63n) - 1n, RangeError, `${I64}-9223372036854775809n`],
      [1, TypeError, `${I64}1`],
    ],
  },
  f64: {
    type: f64,
    fit: [0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53, 2 ** 31, Number.MIN_VALUE, -7],
    refused: [
      ['x'.repeat(50), TypeError, `${F64}a string of length 50`],
      [7n, TypeError, `${F64}7n`],
      [() => 1, TypeError, `${F64}a function`],
    ],
  },
  bool: {
    type: bool,
    fit: [true, false],
    refused: [
      [1, TypeError, `${BOOL}1`],
      [undefined, TypeError, `${BOOL}undefined`],
      ['', TypeError, `${BOOL}""`],
    ],
  },
  struct: {
    type: nested,
    fit: [whole, { ...whole, ok: false, at: { x: Number.NaN, big: 2n ** 62n }, last: true }],
    refused: [
      [{ ...whole, n: 0.5 }, RangeError, I32.replace('value', 'value.n').concat('0.5')],
      [{ ...whole, u: undefined }, TypeError, U32.replace('value', 'value.u').concat('undefined')],
      [{ ...whole, at: { x: 1, big: 1 } }, TypeError, I64.replace('value', 'value.at.big').concat('1')],
      [{ ...whole, at: 'here' }, TypeError, 'value.at must be a struct ({ x: f64, big: i64 }), got "here"'],
      [7, TypeError, 'value must be a struct ({ ok: bool, n: i32, u: u32, at: struct, last: bool }), got 7'],
      [
        null,
        TypeError,
        'value must be a struct ({ ok: bool, n: i32, u: u32, at: struct, last: bool }), got null',
      ],
    ],
  },
  'empty struct': {
    type: struct({}),
    fit: [{}],
    refused: [[undefined, TypeError, 'value must be a struct ({  }), got undefined']],
  },
}

/** A typed channel, as each place has it: known to this thread alone, to another one too, or made there. */
export const places: Record<string, <T>(capacity: number, type: ElementType<T>) => Promise<Chan<T>>> = {
  local: async (capacity, type) => chan(capacity, type),
  async shared(capacity, type) {
    const channel = chan(capacity, type)
    await go(fixtures.knowChannel, channel as Chan<never>)
    return channel
  },
}

/** Checks every example in every place. */
export async function everywhere(
  check: (channel: Chan<unknown>, example: Example) => void | Promise<void>,
  capacity: number,
): Promise<void> {
  for (const [place, make] of Object.entries(places)) {
    for (const [name, example] of Object.entries(examples)) {
      try {
        await check(await make(capacity, example.type), example)
      } catch (error) {
        if (error instanceof Error) error.message = `${name}, ${place}: ${error.message}`
        throw error
      }
    }
  }
}
