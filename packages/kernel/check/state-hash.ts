// Two 32-bit hashes of which 53 bits are kept. Words that are as in the base count for nothing, so it does not matter when the
// machine first noticed that a word may change.

export interface Hash {
  readonly a: number
  readonly b: number
}

function mix(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return half ^ (half >>> 13)
}

export class Hasher {
  #a = 0x811c9dc5
  #b = 0x1b873593

  add(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193) ^ (value >>> 15)
    this.#b = mix(Math.imul(this.#b, 31) + value)
  }

  addAll(values: readonly number[]): void {
    this.add(values.length)
    for (let i = 0; i < values.length; i++) this.add(values[i]!)
  }

  addText(text: string): void {
    this.add(text.length)
    for (let i = 0; i < text.length; i++) this.add(text.charCodeAt(i))
  }

  get hash(): Hash {
    return { a: mix(this.#a), b: this.#b }
  }
}

export function hashMemory(words: Int32Array, base: Int32Array, written: readonly number[]): Hash {
  let a = 0
  let b = 0
  for (const word of written) {
    const value = words[word]!
    if (value === base[word]) continue
    const at = Math.imul(word, 0x9e3779b1)
    a = (a + mix(at ^ Math.imul(value, 0xcc9e2d51))) | 0
    b = (b + mix(Math.imul(at ^ value, 0x1b873593) + (value >>> 7))) | 0
  }
  return { a, b }
}
