import { type Crossing, registerKind } from './share.js'

// How a thing of ours crosses by reference where there is one thread only: as an index in a list, which is emptied when all that
// are on their way have arrived.

const KIND = 'alias'
const travelling: object[] = []
let journeys = 0

/** The reference that stands for `thing` until the journey it is part of is over. */
export function aliasOf(thing: object): Crossing {
  return { kind: KIND, payload: travelling.push(thing) - 1 }
}

registerKind(KIND, (index: number) => travelling[index])

/** Calls `cross`, which encodes a value and decodes it again. Sharing a thing may begin another journey meanwhile. */
export function journey<R>(cross: () => R): R {
  journeys++
  try {
    return cross()
  } finally {
    if (--journeys === 0) travelling.length = 0
  }
}
