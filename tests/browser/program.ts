import { chan, go, main, runtime } from '@millrace/core'
import { here, spin, squares, whereabouts } from './functions.js'
import { answer as one } from './twins/one/answer.js'
import { answer as two } from './twins/two/answer.js'

// A small program for pages and bundles: what it prints tells where its goroutines ran.

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
  console.log(`${await go(one)} ${await go(two)}`)
  console.log('end')
})
