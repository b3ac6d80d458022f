// Where the culprit in a value is, read off the half-made table: the fast path keeps no paths, and no getter is asked again.

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

/** The path of what stands, or was about to be put, at a place of a node; of the node itself when no place is given. */
export function pathOf(root: string, nodes: Nodes, id: number, place?: Place): string {
  const node = nodes[id]
  let path = node === undefined || place === undefined ? '' : segment(nodes, node, place)
  for (let child = id; child > 0; ) {
    const [parent, from] = finderOf(nodes, child)
    path = segment(nodes, nodes[parent]!, from) + path
    child = parent
  }
  return root + path
}

// The first node that refers to another is the one that found it, and has a lower number.
function finderOf(nodes: Nodes, id: number): [parent: number, from: Place] {
  const isIt = (child: unknown) => Array.isArray(child) && child[0] === id
  for (let parent = 0; parent < id; parent++) {
    const node = nodes[parent]!
    if (isTagged(node)) {
      const from = (node[0] === ARRAY ? (node[1] as unknown[]) : node).findIndex(isIt)
      if (from >= 0) return [parent, from]
    } else {
      const from = Object.keys(node).find(key => isIt(node[key]))
      if (from !== undefined) return [parent, from]
    }
  }
  return [0, '?']
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
