import { parallel, type ReceiveChan, type SendChan } from '@millrace/core'

// What the programs for pages and bundles start.

/** Another number on each thread. */
export const here = Math.random()

export const whereabouts = parallel(import.meta.url, function whereabouts(): number {
  return here
})

/** Keeps its thread busy until `until` is closed. */
export const spin = parallel(
  import.meta.url,
  function spin(started: SendChan<number>, until: ReceiveChan<never>): void {
    started.trySend(1)
    while (!until.closed);
  },
)

export const squares = parallel(
  import.meta.url,
  async function squares(source: ReceiveChan<number>, sink: SendChan<string>): Promise<void> {
    const all: number[] = []
    for await (const n of source) all.push(n * n)
    await sink.send(all.join(' '))
  },
)
