import { chan, go, main, parallel, type ReceiveChan, runtime, type SendChan } from '@millrace/core'

// A small program for pages and bundles: what it prints tells where its goroutines ran.

const here = Math.random()

const whereabouts = parallel(import.meta.url, function whereabouts(): number {
  return here
})

/** Keeps its thread busy until `until` is closed. */
const spin = parallel(
  import.meta.url,
  function spin(started: SendChan<number>, until: ReceiveChan<never>): void {
    started.trySend(1)
    while (!until.closed);
  },
)

const squares = parallel(
  import.meta.url,
  async function squares(source: ReceiveChan<number>, sink: SendChan<string>): Promise<void> {
    const all: number[] = []
    for await (const n of source) all.push(n * n)
    await sink.send(all.join(' '))
  },
)

main(async () => {
  const { mode } = runtime.stats()
  console.log(mode)
  console.log((await go(whereabouts)) === here ? 'on this thread' : 'on another thread')
  if (mode === 'threads') {
    const [started, until] = [chan<number>(1), chan<never>()]
    const spinning = go(spin, started, until)
    await started.receive()
    until.close()
    await spinning
    console.log('the page went on')
  }
  const [source, sink] = [chan<number>(2), chan<string>()]
  const computing = go(squares, source, sink)
  for (let n = 0; n < 6; n++) await source.send(n)
  source.close()
  console.log(await sink.receive())
  await computing
  console.log('end')
})
