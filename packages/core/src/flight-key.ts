import { currentThread, encode } from '@millrace/kernel'

/** What all threads know a key by: the same for the same primitive, and for objects that cross alike. */
export interface FlightKey {
  readonly name: string
  /** 1 to 2^52 of the name. Other names may have the same. */
  readonly hash: number
}

/** Answers undefined for what cannot cross: no other thread could ask for it. @throws {OutOfSharedMemoryError} */
export function flightKey(key: unknown): FlightKey | undefined {
  const name = nameOf(key)
  return name === undefined ? undefined : { name, hash: hashOf(name) }
}

function nameOf(key: unknown): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`
    case 'object':
      return key === null ? 'null' : nameOfObject(key)
    case 'symbol':
    case 'function':
      return undefined
    default:
      return `${typeof key} ${String(key)}` // 0 and -0 are one key, as in a Map
  }
}

function nameOfObject(key: object): string | undefined {
  const references: number[] = []
  let bytes: Uint8Array
  try {
    bytes = encode(key, 'key', references)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_DATA_CLONE') return undefined
    throw error
  }
  const { kernel, id } = currentThread()
  for (const object of references) kernel.referenceDrop(id, object)
  let name = 'o'
  for (const byte of bytes) name += String.fromCharCode(byte)
  return name
}

/** After cyrb53, by bryc: two multiplicative hashes of 32 bits, mixed at the end. */
function hashOf(name: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 2 ** 32 * (b & 0xfffff) + (a >>> 0) + 1
}
