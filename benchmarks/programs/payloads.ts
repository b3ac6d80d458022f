// What is sent over threads, and how the other side shows that it came: it tells what it weighs.

export interface Thing {
  id: number
  name: string
  price: number
  tags: string[]
  active: boolean
}
export type Payload = number | string | Thing | Uint8Array

const KB = 1024

export const payloads = {
  /** How many may be under way. */
  window: 64,
  number: (): number => 1,
  /** About 100 bytes as text. */
  object: (): Thing => ({
    id: 12_345,
    name: 'a thing with a name',
    price: 99.5,
    tags: ['one tag', 'another'],
    active: true,
  }),
  string: (): string => STRING,
  bytes64k: (): Uint8Array => BYTES_64K,
  bytes1m: (): Uint8Array => BYTES_1M,
  weigh(payload: Payload): number {
    if (typeof payload === 'number') return 1
    if (typeof payload === 'string') return payload.length
    if (payload instanceof Uint8Array) return payload.length + payload[payload.length - 1]
    return payload.id + payload.tags.length
  },
}

const STRING = 'x'.repeat(KB)
const BYTES_64K = new Uint8Array(64 * KB).fill(7)
const BYTES_1M = new Uint8Array(KB * KB).fill(7)
