declare module 'opossum' {
  export default class CircuitBreaker {
    constructor(action: (...args: never[]) => Promise<unknown>, options: object)
    fire(...args: unknown[]): Promise<unknown>
    shutdown(): void
    readonly opened: boolean
    readonly halfOpen: boolean
    readonly closed: boolean
  }
}
