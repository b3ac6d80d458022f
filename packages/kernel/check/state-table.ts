// A number for each state, by the state's key. A Map has room for 16 million, and takes four times the memory.

const FIRST_LOG = 16
const KEY_LOW_BITS = 0x20_0000 // a key is 32 bits, and below them 21 more

export class StateTable {
  #log = FIRST_LOG
  #keys = new Float64Array(1 << FIRST_LOG)
  /** 0 = there is no such state. */
  #values = new Float64Array(1 << FIRST_LOG)
  size = 0

  get(key: number): number | undefined {
    return this.#values[this.#placeOf(key)] || undefined
  }

  /** `value` is not 0. */
  set(key: number, value: number): void {
    const place = this.#placeOf(key)
    if (this.#values[place] === 0) this.size++
    this.#keys[place] = key
    this.#values[place] = value
    if (this.size * 2 > this.#keys.length) this.#grow()
  }

  clear(): void {
    this.#values.fill(0)
    this.size = 0
  }

  /** Where the key is, or would be. */
  #placeOf(key: number): number {
    const mask = this.#keys.length - 1
    let place = (key / KEY_LOW_BITS) >>> (32 - this.#log)
    while (this.#values[place] !== 0 && this.#keys[place] !== key) place = (place + 1) & mask
    return place
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#log++
    this.#keys = new Float64Array(1 << this.#log)
    this.#values = new Float64Array(1 << this.#log)
    values.forEach((value, i) => {
      if (value === 0) return
      const place = this.#placeOf(keys[i]!)
      this.#keys[place] = keys[i]!
      this.#values[place] = value
    })
  }
}
