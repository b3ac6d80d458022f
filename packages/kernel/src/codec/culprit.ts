// Where the culprit in a value is, read off the half-made table: so the fast path need not keep paths, and no
// getter is asked again.

import {
  ARRAY,
  firstPair,
  MAP,
  type Node,
  type Reference,
  SET,
  SHARED,
  type Tagged,
  TEXT,
  textOf,
  VIEW,
} from './table.js'

/** A place in a node: an index (among its items, for an array's), or a property of what it describes. */
export type Place = number | string

type Nodes = readonly (Node | undefined)[]

/** The path of what is, or was about to be put, at a place of a node; without a place, of the node itself. */
export function pathOf(root: string, nodes: Nodes, id: number, place?: Place): string {
  const node = nodes[id]
  const segments = node === undefined || place === undefined ? [] : [segment(nodes, node, place)]
  const finders = findersOf(nodes, id)
  for (let child = id; child > 0; ) {
    const [parent, from] = finders[child]!
    segments.push(segment(nodes, nodes[parent]!, from))
    child = parent
  }
  return root + segments.reverse().join('')
}

// For every node up to one: the first that refers to it, which is the one that found it, and where.
function findersOf(nodes: Nodes, last: number): (readonly [parent: number, from: Place])[] {
  const finders: (readonly [number, Place])[] = []
  const note = (child: unknown, parent: number, from: Place) => {
    if (Array.isArray(child)) finders[(child as Reference)[0]] ??= [parent, from]
  }
  for (let parent = 0; parent < last; parent++) {
    const node = nodes[parent]!
    if (!isTagged(node)) {
      for (const key of Object.keys(node)) note(node[key], parent, key)
    } else {
      const children = node[0] === ARRAY ? (node[1] as unknown[]) : node
      for (let i = 0; i < children.length; i++) note(children[i], parent, i)
    }
  }
  return finders
}

const isTagged = (node: Node): node is Tagged => Array.isArray(node)

function segment(nodes: Nodes, node: Node, place: Place): string {
  if (!isTagged(node) || typeof place === 'string') return property(place)
  const tag = node[0]
  if (tag === ARRAY) return `[${place}]`
  if (tag === SET) return `.values()[${place - 1}]`
  if (tag === SHARED) return '.payload'
  if (tag === VIEW) return '.buffer'
  const first = firstPair(tag)
  if (first === undefined || place < first) return ''
  const pair = (place - first) >> 1
  const isKey = (place - first) % 2 === 0
  if (tag !== MAP) return isKey ? '' : property(String(keyAt(nodes, node, place - 1)))
  if (isKey) return `.keys()[${pair}]`
  const key = keyAt(nodes, node, place - 1)
  return Array.isArray(key) ? `.values()[${pair}]` : `.get(${printed(key)})`
}

/** A key as it was, unless it is an object: then a reference to it. */
function keyAt(nodes: Nodes, node: Tagged, place: number): unknown {
  const key = node[place]
  if (!Array.isArray(key)) return key
  const target = nodes[(key as Reference)[0]]
  return target !== undefined && isTagged(target) && target[0] === TEXT
    ? textOf(target[1] as Uint8Array)
    : key
}

const printed = (key: unknown) =>
  typeof key === 'string' ? JSON.stringify(key) : typeof key === 'bigint' ? `${key}n` : String(key)

function property(key: Place): string {
  if (/^(0|[1-9]\d*)$/.test(String(key))) return `[${key}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(String(key)) ? `.${key}` : `[${JSON.stringify(key)}]`
}
