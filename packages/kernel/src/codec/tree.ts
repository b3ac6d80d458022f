import { isPlainKey, isPlainText } from './table.js'

const DEEPEST = 100
const MOST_KEYS = 65535
const FEW = 8

/**
 * Tells a tree of plain data, which the packer can write as it is, from everything else: plain objects and
 * arrays without holes, each reached once and not too deep, over primitives that the packer keeps.
 */
export class TreeTest {
  /** Objects and arrays met. */
  count = 0
  /** Keys of the object that has most. */
  widest = 0
  // Comparing with a few beats hashing them.
  private readonly few: object[] = []
  private many: Set<object> | undefined

  passes(value: unknown, depth = 0): boolean {
    switch (typeof value) {
      case 'string':
        return isPlainText(value)
      case 'number':
        return value !== 0 || 1 / value > 0
      case 'boolean':
      case 'undefined':
      case 'bigint':
        return true
      case 'object':
        return value === null || this.objectPasses(value, depth)
      default:
        return false
    }
  }

  private objectPasses(value: object, depth: number): boolean {
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Array.prototype) {
      if (depth === DEEPEST || !isPlainArray(value) || !this.isNew(value)) return false
      for (let i = 0; i < value.length; i++) {
        const item = value[i]
        if (!this.passes(item, depth + 1) || (item === undefined && !(i in value))) return false
      }
      return true
    }
    if ((prototype !== Object.prototype && prototype !== null) || depth === DEEPEST || !this.isNew(value))
      return false
    let keys = 0
    for (const key in value) {
      if (!isPlainKey(key) || !this.passes((value as Record<string, unknown>)[key], depth + 1)) return false
      keys++
    }
    if (keys > this.widest) this.widest = keys
    return keys <= MOST_KEYS
  }

  private isNew(value: object): boolean {
    this.count++
    if (this.many !== undefined) {
      this.many.add(value)
      return this.many.size === this.count
    }
    const { few } = this
    if (few.includes(value)) return false
    few.push(value)
    if (this.count === FEW) this.many = new Set(few)
    return true
  }
}

// The packer goes by `constructor`, which an array may have of its own.
function isPlainArray(value: object): value is unknown[] {
  return Array.isArray(value) && value.constructor === Array && !isMatch(value)
}

/**
 * Whether an array is what RegExp `exec` answers, or its `indices`, with properties beside the items. Other
 * arrays are not searched for such: listing the keys of an array takes longer than packing it.
 */
export function isMatch(array: unknown[]): boolean {
  return 'groups' in array
}
