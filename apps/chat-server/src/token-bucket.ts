/** Holds up to `burst` tokens and gains `perSecond` of them a second. It is full at first. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  readonly #now: () => number
  #tokens: number
  #countedAt: number

  /** @param now A clock in milliseconds that never goes back. */
  constructor(perSecond: number, burst: number, now = (): number => performance.now()) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#now = now
    this.#tokens = burst
    this.#countedAt = now()
  }

  /** Takes a token; false if there is none. */
  tryTake(): boolean {
    this.#count()
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Milliseconds until there is a token: 0 if there is one. */
  get waitMs(): number {
    this.#count()
    return Math.max(0, Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000))
  }

  #count(): void {
    const now = this.#now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#countedAt) / 1000) * this.#perSecond)
    this.#countedAt = now
  }
}
