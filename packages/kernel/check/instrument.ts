// Turns the kernel's binary, as it is shipped, into one whose every access to memory can be stopped at.
//
// Each load, store, atomic operation and notify becomes a call of a small function that first calls the import
// `check.step(kind, address, bytes)` and then does the access. Binaryen's asyncify pass then lets `step` suspend the
// instance: the call unwinds into a few bytes of memory, and rewinds from them later, even after memory has been set
// back to what it was at that time.

import binaryen from 'assemblyscript/binaryen'

export const LOAD = 0
export const STORE = 1
export const READ_MODIFY_WRITE = 2
export const NOTIFY = 3

const ACCESS =
  /\((i32|i64|f32|f64)\.(atomic\.)?(load|store|rmw)(\d*)(?:_[us])?(?:\.\w+)?((?: (?:offset|align)=\d+)*)(?=\s)/g
const REST = /\((memory\.atomic\.notify|memory\.fill)((?: (?:offset|align)=\d+)*)(?=\s)/g

type Type = 'i32' | 'i64' | 'f32' | 'f64'

/** A function that steps, then does `instruction`, whose first operand is the address. */
function stepping(
  name: string,
  instruction: string,
  operands: Type[],
  result: Type | '',
  step: string,
): string {
  const parameters = operands.map((type, i) => `(param $${i} ${type})`).join(' ')
  const values = operands.map((_, i) => `(local.get $${i})`).join(' ')
  const answer = result ? `(result ${result})` : ''
  return `(func $${name} ${parameters} ${answer} (call $step ${step}) (${instruction} ${values}))`
}

function addressOf(immediates: string): string {
  const offset = /offset=(\d+)/.exec(immediates)?.[1] ?? '0'
  return `(i32.add (local.get $0) (i32.const ${offset}))`
}

/** The binary with a step before every access. Throws if it holds an access of a sort that this does not know. */
export function instrument(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const plain = binaryen.readBinary(binary)
  plain.setFeatures(binaryen.Features.All)
  const functions = new Map<string, string>()
  const nameFor = (instruction: string, make: (name: string) => string): string => {
    const name = `step/${instruction.trim().replaceAll(/[ =]/g, '_')}`
    if (!functions.has(name)) functions.set(name, make(name))
    return `(call $${name}`
  }
  const text = plain
    .emitText()
    .replaceAll(ACCESS, (whole, type: Type, atomic, access, bits, immediates) => {
      const bytes = bits ? Number(bits) / 8 : type.endsWith('64') ? 8 : 4
      const kind = access === 'load' ? LOAD : access === 'store' ? STORE : READ_MODIFY_WRITE
      const operands: Type[] = access === 'load' ? ['i32'] : ['i32', type]
      if (whole.includes('cmpxchg')) operands.push(type)
      if (access === 'rmw' && !atomic)
        throw new Error(`an access that the check build does not know: ${whole}`)
      const step = `(i32.const ${kind}) ${addressOf(immediates)} (i32.const ${bytes})`
      const instruction = whole.slice(1)
      const result = access === 'store' ? '' : type
      return nameFor(instruction, name => stepping(name, instruction, operands, result, step))
    })
    .replaceAll(REST, (whole, access, immediates) => {
      const fill = access === 'memory.fill'
      const step = fill
        ? `(i32.const ${STORE}) (local.get $0) (local.get $2)`
        : `(i32.const ${NOTIFY}) ${addressOf(immediates)} (i32.const 4)`
      const operands: Type[] = fill ? ['i32', 'i32', 'i32'] : ['i32', 'i32']
      const instruction = whole.slice(1)
      return nameFor(instruction, name => stepping(name, instruction, operands, fill ? '' : 'i32', step))
    })
  const unknown = /\((memory\.(copy|init|atomic\.wait\d+)|atomic\.fence|v128\.(load|store))[^\s]*/.exec(text)
  if (unknown) throw new Error(`an access that the check build does not know: ${unknown[0]}`)
  plain.dispose()
  const step = '(import "check" "step" (func $step (param i32 i32 i32)))'
  const end = text.lastIndexOf(')')
  const first = text.indexOf('(import')
  const module = binaryen.parseText(
    `${text.slice(0, first)}${step}\n${text.slice(first, end)}${[...functions.values()].join('\n')})`,
  )
  module.setFeatures(binaryen.Features.All)
  binaryen.setOptimizeLevel(1)
  binaryen.setPassArgument('asyncify-imports', 'check.step')
  binaryen.setPassArgument('asyncify-ignore-indirect', '')
  module.runPasses(['asyncify'])
  if (!module.validate()) throw new Error('the check build is not valid WebAssembly')
  const checked = module.emitBinary()
  module.dispose()
  return new Uint8Array(checked)
}
