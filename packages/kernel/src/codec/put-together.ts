import { newNative, rebuildOf } from './errors.js'
import { takeLoose } from './loose.js'
import { attach } from './share.js'
import * as table from './table.js'
import { type Node, type Tagged, textOf } from './table.js'
import { viewClassNamed } from './views.js'

// What a node has come to. A shell exists, for others to refer to, before its contents do: so cycles close.
const FOUND = 0
const BEING_MADE = 1
const SHELL = 2
const FULL = 3

/** Puts the value of a table together. */
export class PuttingTogether {
  private readonly nodes: Node[]
  private readonly loose: Uint8Array
  private readonly made: unknown[] = []
  private readonly states: number[]
  // Filled the last first: so whatever is filled is whole, with all below it, before anything found earlier
  // is touched. Only what it is part of itself may still be unfinished.
  private shells: number[] = []

  constructor(nodes: Node[], loose: Uint8Array) {
    this.nodes = nodes
    this.loose = loose
    this.states = new Array(nodes.length).fill(FOUND)
  }

  value(): unknown {
    const value = this.at(0)
    this.fillShells()
    return value
  }

  private at(id: number): unknown {
    switch (this.states[id]) {
      case FOUND: {
        this.states[id] = BEING_MADE
        const made = this.make(id, this.nodes[id]!)
        if (this.states[id] !== BEING_MADE) break
        return this.shell(id, made)
      }
      case BEING_MADE: {
        const node = this.nodes[id] as Tagged
        if (node[0] !== table.ERROR) throw new Error('a reference is part of its own payload')
        // Part of its own fields: nothing but an error of the native class can exist before they do.
        return this.shell(id, this.nativeError(node))
      }
      case SHELL:
        this.shells.push(id)
        break
      case FULL:
        break
      default:
        throw new Error(`there is no node ${id}`)
    }
    return this.made[id]
  }

  private shell(id: number, made: unknown): unknown {
    this.made[id] = made
    this.states[id] = SHELL
    this.shells.push(id)
    return made
  }

  private fillShells(): void {
    for (let id = this.shells.pop(); id !== undefined; id = this.shells.pop()) {
      if (this.states[id] === FULL) continue
      this.states[id] = FULL
      this.fill(this.nodes[id]!, this.made[id])
    }
  }

  private child(child: unknown): unknown {
    return isReference(child) ? this.at(child[0]) : child
  }

  // For those who look into what they are given.
  private wholeChild(child: unknown): unknown {
    const others = this.shells
    this.shells = []
    const whole = this.child(child)
    this.fillShells()
    this.shells = others
    return whole
  }

  private make(id: number, node: Node): unknown {
    if (!Array.isArray(node)) return node // filled in place
    switch (node[0]) {
      case table.ARRAY:
        return node[1] // as well
      case table.SPARSE: {
        const array: unknown[] = []
        array.length = node[1] as number
        return array
      }
      case table.PAIRS:
        return {}
      case table.MAP:
        return new Map()
      case table.SET:
        return new Set()
      case table.DATE:
        return new Date(node[1] as number)
      case table.REGEXP:
        return new RegExp(this.child(node[1]) as string, node[2] as string)
      case table.BYTES:
        return bufferOf(node[1] as Uint8Array, node[3] as number)
      case table.LOOSE:
        return bufferOf(takeLoose(this.loose, node[1] as number, node[4] as number), node[3] as number)
      case table.VIEW:
        return this.view(node)
      case table.BOXED:
        return Object(this.child(node[1]))
      case table.ERROR:
        return this.error(id, node)
      case table.SHARED:
        return attach(node[1] as string, this.wholeChild(node[2]))
      case table.TEXT:
        return textOf(node[1] as Uint8Array)
      case table.MINUS_ZERO:
        return -0
      default:
        throw new Error(`there is no tag ${node[0]}`)
    }
  }

  private view([, name, buffer, offset, length]: Tagged): unknown {
    const start = (this.nodes[(buffer as number[])[0]!] as Tagged)[2] as number
    const Class = viewClassNamed(name)
    return new Class(this.child(buffer) as ArrayBuffer, (offset as number) - start, length as number)
  }

  private error(id: number, node: Tagged): unknown {
    const rebuild = rebuildOf(node[2])
    if (rebuild === undefined) return this.nativeError(node)
    const fields: Record<string, unknown> = {}
    for (let i = firstShown(node); i < node.length; i += 2) {
      const key = this.child(node[i]) as string
      if (key !== 'cause') define(fields, key, this.wholeChild(node[i + 1]), true)
    }
    if (this.states[id] !== BEING_MADE) return undefined
    return rebuild((this.child(node[3]) as string | undefined) ?? '', fields)
  }

  private nativeError(node: Tagged): Error {
    return newNative(
      node[1] as string,
      this.child(node[3]) as string | undefined,
      (node[2] as string | null) ?? undefined,
    )
  }

  private fill(node: Node, made: unknown): void {
    if (!Array.isArray(node)) {
      for (const key of Object.keys(node)) {
        if (isReference(node[key])) node[key] = this.child(node[key])
      }
      return
    }
    switch (node[0]) {
      case table.ARRAY: {
        const items = made as unknown[]
        for (let i = 0; i < items.length; i++) {
          if (isReference(items[i])) items[i] = this.child(items[i])
        }
        break
      }
      case table.SPARSE:
      case table.PAIRS:
        for (let i = table.firstPair(node[0])!; i < node.length; i += 2) {
          define(made as object, this.child(node[i]) as string, this.child(node[i + 1]), true)
        }
        break
      case table.MAP:
        for (let i = 1; i < node.length; i += 2) {
          ;(made as Map<unknown, unknown>).set(this.child(node[i]), this.child(node[i + 1]))
        }
        break
      case table.SET:
        for (let i = 1; i < node.length; i++) (made as Set<unknown>).add(this.child(node[i]))
        break
      case table.ERROR:
        this.fillError(node, made as Record<string, unknown>)
    }
  }

  private fillError(node: Tagged, error: Record<string, unknown>): void {
    const stack = this.child(node[4])
    if (stack !== undefined) define(error, 'stack', stack, false)
    const shown = firstShown(node)
    for (let i = table.firstPair(table.ERROR)!; i < node.length; i += 2) {
      const key = this.child(node[i]) as string
      const value = this.child(node[i + 1])
      // What `rebuild` has set stays as it is.
      const isSet =
        i >= shown ? Object.hasOwn(error, key) : error[key] === value && (value !== undefined || key in error)
      if (!isSet) define(error, key, value, i >= shown)
    }
  }
}

const isReference = (child: unknown): child is [number] => typeof child === 'object' && child !== null

const firstShown = (node: Tagged): number => table.firstPair(table.ERROR)! + 2 * (node[5] as number)

function bufferOf(bytes: Uint8Array, maxByteLength: number): ArrayBuffer {
  if (maxByteLength > 0) {
    const buffer = new ArrayBuffer(bytes.length, { maxByteLength })
    new Uint8Array(buffer).set(bytes)
    return buffer
  }
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) return buffer
  return new Uint8Array(bytes).buffer
}

// `__proto__`, assigned, would change the prototype, and a hidden property would be seen.
function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  if (enumerable && key !== '__proto__') (target as Record<string, unknown>)[key] = value
  else Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true })
}
