import { kernelBinary } from '@millrace/kernel'
import { describe, expect, test } from 'vitest'
import { readModule } from './binary-reader.js'

// The kernel holds no state of its own: each thread has an instance, and all they share is the memory.

const module = readModule(kernelBinary())

describe('the kernel’s binary', () => {
  test('is valid', () => {
    expect(WebAssembly.validate(kernelBinary())).toBe(true)
  })

  test('imports the shared memory and nothing else', () => {
    expect(module.imports).toEqual([{ module: 'env', name: 'memory', kind: 'memory', isShared: true }])
  })

  test('has no data: each new thread would write it over the memory of all', () => {
    expect(module.dataSegments).toBe(0)
    expect(module.sections).not.toContain('dataCount')
  })

  test('has no mutable global: it would be another one in each thread', () => {
    expect(module.globals.filter(({ mutable }) => mutable)).toEqual([])
  })

  test('does nothing when a thread starts it', () => {
    expect(module.sections).not.toContain('start')
  })

  test('has no table and no memory of its own', () => {
    expect(module.sections).not.toContain('memory')
    expect(module.sections).not.toContain('element')
  })

  test('exports functions over 32-bit words and floats: none that would need a BigInt', () => {
    const functions = module.exports.filter(({ kind }) => kind === 'function')
    expect(functions.length).toBeGreaterThan(40)
    for (const { name, signature } of functions) {
      for (const type of [...signature!.parameters, ...signature!.results]) {
        expect(['i32', 'f64'], `${name} takes or answers ${type}`).toContain(type)
      }
    }
    expect(module.exports.filter(({ kind }) => kind !== 'function' && kind !== 'memory')).toEqual([])
  })

  test('is small', () => {
    expect(kernelBinary().length).toBeLessThan(21_504)
  })
})
