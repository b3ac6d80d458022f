import { type Chan, chan, type WaitOptions } from '@millrace/core'
import { AddressCounts } from './address-counts.js'
import type { Client } from './client.js'

/** Every open connection, whether it has said hello or not, and how many each address has. */
export class Connections implements Iterable<Client> {
  readonly #clients = new Set<Client>()
  readonly #perIp = new AddressCounts()
  #empty: Chan<never> | undefined

  get count(): number {
    return this.#clients.size
  }

  countOf(ip: string): number {
    return this.#perIp.of(ip)
  }

  add(client: Client): void {
    this.#clients.add(client)
    this.#perIp.add(client.ip)
  }

  delete(client: Client): void {
    if (!this.#clients.delete(client)) return
    this.#perIp.delete(client.ip)
    if (this.#clients.size > 0) return
    this.#empty?.close()
    this.#empty = undefined
  }

  /** Waits until there is none. */
  async empty(options?: WaitOptions): Promise<void> {
    if (this.#clients.size === 0) return
    this.#empty ??= chan<never>()
    await this.#empty.receive(options)
  }

  [Symbol.iterator](): Iterator<Client> {
    return this.#clients.values()
  }
}
