import { registerKind } from '../codec.js'
import { anyValue, type Description, type Element } from '../element.js'
import { BugError } from '../errors.js'
import { bool, f64, i32, i64, u32 } from './scalars.js'
import { StructElement } from './struct.js'
import { TYPE, type TypedElement } from './typed.js'

const scalars: Record<string, TypedElement> = { i32, u32, i64, f64, bool }

/** The element that a description from another thread stands for. */
export function elementOf(description: Description): Element {
  return description === undefined ? anyValue : typeOf(description)
}

function typeOf(description: Description): TypedElement {
  if (typeof description === 'string') {
    const scalar = scalars[description]
    if (!scalar) throw new BugError(`a channel of unknown element type "${description}" arrived`)
    return scalar
  }
  const types: Record<string, TypedElement> = {}
  for (const name of Object.keys(description!)) types[name] = typeOf(description![name])
  return new StructElement(types)
}

registerKind(TYPE, typeOf)
