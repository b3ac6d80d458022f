import { hasThreads } from '../mode.js'
import { aliasOf } from './alias.js'
import { isGenuine, type Nature, natureOf, SHARED_BUFFER, unbox } from './builtin.js'
import { type Place, pathOf } from './culprit.js'
import { DataCloneError, HIDDEN, nameOf, nativeClassOf, rebuildOf } from './errors.js'
import { FEWEST_LOOSE, type Loose } from './loose.js'
import { type Crossing, HOME, type Message, SHARE, SHARE_HERE, type Shareable } from './share.js'
import * as table from './table.js'
import { codeUnits, isPlainKey, isPlainText, type Node, type Reference, type Tagged, WIDE } from './table.js'
import { isMatch } from './tree.js'
import { viewName } from './views.js'

/**
 * Takes a value apart into a table. Objects are described in the order in which they are found, breadth
 * first, so there is no recursion to run out of stack, and a culprit is named where it is nearest to the
 * root.
 */
export class TakingApart {
  private readonly root: string
  private readonly loose: Loose | undefined
  private readonly message: Message
  private readonly nodes: (Node | undefined)[] = []
  // What each node describes; undefined for the primitives among them, which are described when found.
  private readonly things: (object | undefined)[] = []
  private readonly ids = new Map<object, number>()
  private readonly shown = new Map<ArrayBufferLike, Extent>()
  private readonly crossings: Crossing[] = []
  // Where the walk is, for the path of a culprit.
  private at = 0
  private key: string | undefined
  private isSharing = false
  private refusal: DataCloneError | undefined

  constructor(root: string, loose?: Loose, message?: Message) {
    this.root = root
    this.loose = loose
    this.message = message ?? this
  }

  /** @throws {DataCloneError} Something in the value cannot cross. */
  table(value: unknown): Node[] {
    try {
      this.child(value)
      for (; this.at < this.nodes.length; this.at++) {
        const thing = this.things[this.at]
        if (thing !== undefined) this.describe(thing)
      }
      this.fillBuffers()
    } catch (error) {
      if (this.isSharing || error === this.refusal) throw error
      this.refuse(`reading it threw ${printed(error)}`, error)
    }
    return this.nodes as Node[]
  }

  /** Adds the objects that the table refers to. */
  noteReferences(references: number[]): void {
    for (const { reference } of this.crossings) if (reference !== undefined) references.push(reference)
  }

  /** Undoes what sharing did. */
  release(): void {
    for (const crossing of this.crossings.reverse()) {
      try {
        crossing.release?.()
      } catch {
        // The others have to be released all the same, and the error that led here is the one to hear of.
      }
    }
  }

  private child(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return isPlainText(value) ? value : this.add([table.TEXT, codeUnits(value)])
      case 'number':
        return value !== 0 || 1 / value > 0 ? value : this.add([table.MINUS_ZERO])
      case 'object':
        return value === null ? null : this.referTo(value)
      case 'function':
        if (isShareable(value)) return this.referTo(value)
        return this.refuse('it is a function')
      case 'symbol':
        return this.refuse('it is a symbol')
      default:
        return value
    }
  }

  private add(node: Node, thing?: object): Reference {
    this.things.push(thing)
    return [this.nodes.push(node) - 1]
  }

  private referTo(thing: object): Reference {
    const id = this.ids.get(thing)
    if (id === undefined) return this.find(thing)
    const extent = this.shown.get(thing as ArrayBuffer)
    if (extent !== undefined) widen(extent, 0, (thing as ArrayBuffer).byteLength)
    return [id]
  }

  private find(thing: object): Reference {
    this.things.push(thing)
    const id = this.nodes.push(undefined) - 1
    this.ids.set(thing, id)
    return [id]
  }

  private describe(thing: object): void {
    this.key = undefined
    const prototype = Object.getPrototypeOf(thing)
    if (prototype === Object.prototype || prototype === null) this.plainObject(thing)
    else if (prototype === Array.prototype && Array.isArray(thing)) this.array(thing)
    else if (isShareable(thing)) this.shared(thing)
    else if (Array.isArray(thing)) this.array(thing)
    else if (ArrayBuffer.isView(thing)) this.view(thing)
    else this.instance(thing, natureOf(thing, prototype))
  }

  private instance(thing: object, { builtin, refusal, refusalIfEmpty }: Nature): void {
    if (refusal !== undefined) this.refuse(refusal)
    if (refusalIfEmpty !== undefined && Object.keys(thing).length === 0) this.refuse(refusalIfEmpty)
    if (builtin === undefined) this.plainObject(thing)
    else if (!isGenuine(thing, builtin)) {
      this.refuse(`it passes for a ${builtin} and is none (a Proxy, or made by Object.create)`)
    } else this[builtin](thing as never)
  }

  // By the names of Builtin.

  private Map(thing: Map<unknown, unknown>): void {
    const node = this.begin(table.MAP)
    Map.prototype.forEach.call(thing, (value, key) => {
      node.push(this.child(key))
      node.push(this.child(value))
    })
  }

  private Set(thing: Set<unknown>): void {
    const node = this.begin(table.SET)
    Set.prototype.forEach.call(thing, member => {
      node.push(this.child(member))
    })
  }

  private Date(thing: Date): void {
    this.begin(table.DATE).push(Date.prototype.getTime.call(thing))
  }

  private RegExp(thing: RegExp): void {
    this.begin(table.REGEXP).push(this.child(thing.source), thing.flags)
  }

  private Boxed(thing: object): void {
    this.begin(table.BOXED).push(this.child(unbox(thing)))
  }

  private begin(tag: number): Tagged {
    const node: Tagged = [tag]
    this.nodes[this.at] = node
    return node
  }

  private plainObject(thing: object): void {
    const keys = Object.keys(thing)
    if (keys.length > WIDE || !keys.every(isPlainKey)) {
      this.pairs(this.begin(table.PAIRS), thing, keys)
      return
    }
    const node = this.shallowCopy(thing, keys)
    for (const key of keys) {
      this.key = key
      const value = node[key]
      const child = this.child(value)
      if (child !== value) node[key] = child
    }
  }

  // At once, which is far faster than key by key; key by key only to find the getter that threw.
  private shallowCopy(thing: object, keys: readonly string[]): Record<string, unknown> {
    let node: Record<string, unknown> = {}
    try {
      node = { ...thing }
      this.nodes[this.at] = node
    } catch {
      this.nodes[this.at] = node
      for (const key of keys) {
        this.key = key
        node[key] = (thing as Record<string, unknown>)[key]
      }
    }
    return node
  }

  private pairs(node: Tagged, thing: object, keys: readonly string[]): void {
    for (const key of keys) {
      node.push(this.child(key))
      node.push(this.child((thing as Record<string, unknown>)[key]))
    }
  }

  private array(thing: unknown[]): void {
    if (isMatch(thing)) {
      this.pairs(this.sparse(thing), thing, Object.keys(thing))
      return
    }
    const items: unknown[] = []
    this.begin(table.ARRAY).push(items)
    for (let i = 0; i < thing.length; i++) {
      const item = thing[i]
      if (item === undefined && !(i in thing)) {
        const node = this.sparse(thing)
        for (let k = 0; k < i; k++) node.push(String(k), items[k])
        this.pairs(node, thing, Object.keys(thing).slice(i))
        return
      }
      items.push(this.child(item))
    }
  }

  private sparse(thing: unknown[]): Tagged {
    const node = this.begin(table.SPARSE)
    node.push(thing.length)
    return node
  }

  private shared(thing: Shareable): void {
    this.isSharing = true
    const crossing = this.crossingOf(thing)
    this.isSharing = false
    if (crossing.reference !== undefined && crossing.home !== HOME) {
      crossing.release?.()
      this.refuse(
        'it belongs to another copy of Millrace, whose memory is another (install one version of @millrace/core only)',
      )
    }
    this.crossings.push(crossing)
    const node = this.begin(table.SHARED)
    node.push(crossing.kind)
    node.push(this.child(crossing.payload))
  }

  // What a thing holds may not be able to cross either: it says where, with a path that begins behind itself.
  private crossingOf(thing: Shareable): Crossing {
    try {
      if (hasThreads()) return thing[SHARE](this.message)
      thing[SHARE_HERE]?.(this.message)
      return aliasOf(thing)
    } catch (error) {
      if (!isDataCloneError(error)) throw error
      const path = pathOf(this.root, this.nodes, this.at, undefined) + error.path
      throw new DataCloneError(error.why, path, { cause: error.cause })
    }
  }

  // Of a buffer that only views have led to, no more crosses than they show: a small Buffer of Node is a
  // view of a large buffer that it shares with strangers.
  private view(thing: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = thing
    if (!isGenuine(buffer, 'ArrayBuffer')) this.refuse(SHARED_BUFFER)
    let id = this.ids.get(buffer)
    const extent = this.shown.get(buffer)
    if (id === undefined) {
      id = this.find(buffer)[0]
      this.shown.set(buffer, { id, from: byteOffset, to: byteOffset + byteLength })
    } else if (extent !== undefined) {
      widen(extent, byteOffset, byteOffset + byteLength)
    }
    const length = (thing as Partial<Uint8Array>).length ?? byteLength
    this.begin(table.VIEW).push(viewName(thing), [id], byteOffset, length)
  }

  private ArrayBuffer(thing: ArrayBuffer): void {
    const node = this.begin(table.BYTES)
    try {
      new Uint8Array(thing)
    } catch {
      this.refuse('it is a detached ArrayBuffer')
    }
    if (!this.shown.has(thing)) {
      this.shown.set(thing, { id: this.at, from: 0, to: thing.byteLength })
    }
    node.push(undefined, 0, thing.resizable ? thing.maxByteLength : 0)
  }

  // Once all is found, and so no extent grows any more.
  private fillBuffers(): void {
    for (const [buffer, { id, from, to }] of this.shown) {
      const node = this.nodes[id] as Tagged
      const start = from - (from % 8) // keeps the alignment of every view
      const bytes = new Uint8Array(buffer, start, to - start)
      node[2] = start
      if (bytes.length < buffer.byteLength) node[3] = 0
      if (this.loose === undefined || bytes.length < FEWEST_LOOSE) node[1] = bytes
      else {
        node[0] = table.LOOSE
        node[1] = this.loose.add(bytes)
        node[4] = bytes.length
      }
    }
  }

  private Error(thing: Error): void {
    const native = nativeClassOf(thing)
    const name = nameOf(thing)
    const code: unknown = (thing as { code?: unknown }).code
    const isOurs = rebuildOf(code) !== undefined
    const node = this.begin(table.ERROR)
    node.push(native, isOurs ? code : native === 'DOMException' ? name : null)
    node.push(this.text(thing, 'message'), this.text(thing, 'stack'))
    const shown = Object.keys(thing).filter(key => key !== 'message' && key !== 'stack')
    const hidden = HIDDEN.filter(key => Object.hasOwn(thing, key) && !shown.includes(key) && key !== 'name')
    if (isOurs && !hidden.includes('code') && !shown.includes('code')) hidden.push('code')
    const hidesName = !shown.includes('name') && name !== native && native !== 'DOMException'
    node.push(hidden.length + (hidesName ? 1 : 0))
    if (hidesName) node.push('name', this.child(name))
    this.pairs(node, thing, hidden)
    this.pairs(node, thing, shown)
  }

  private text(error: Error, key: 'message' | 'stack'): unknown {
    this.key = key
    const text: unknown = error[key]
    this.key = undefined
    if (text === undefined || (key === 'message' && text === '' && !Object.hasOwn(error, key)))
      return undefined
    return this.child(String(text))
  }

  private refuse(why: string, cause?: unknown): never {
    const node = this.nodes[this.at]
    const place: Place | undefined = this.key ?? (Array.isArray(node) ? placeIn(node as Tagged) : undefined)
    const path = pathOf(this.root, this.nodes, this.at, place)
    this.refusal = new DataCloneError(why, path, cause === undefined ? undefined : { cause })
    throw this.refusal
  }
}

// Also one of another copy of the package.
const isDataCloneError = (error: unknown): error is DataCloneError =>
  error instanceof Error && (error as { code?: unknown }).code === 'ERR_DATA_CLONE'

const isShareable = (thing: object): thing is Shareable =>
  typeof (thing as Partial<Shareable>)[SHARE] === 'function'

/** The part of a buffer that crosses, in bytes. */
interface Extent {
  id: number
  from: number
  to: number
}

function widen(extent: Extent, from: number, to: number): void {
  extent.from = Math.min(extent.from, from)
  extent.to = Math.max(extent.to, to)
}

const placeIn = (node: Tagged): Place =>
  node[0] === table.ARRAY ? (node[1] as unknown[]).length : node.length

function printed(error: unknown): string {
  try {
    return String(error)
  } catch {
    return 'an error'
  }
}
