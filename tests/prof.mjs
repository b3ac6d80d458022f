import { parallel, go, main, runtime, chan } from '@millrace/core'
import { Mutex, Semaphore } from '@millrace/sync'
export const nop = parallel(import.meta.url, async function nop(s, here, end) { await here.send(1); await end.receive() })
main(async () => {
  runtime.configure({ threads: 1 })
  const s = new Semaphore(1), m = new Mutex(), here = chan(1), end = chan(1)
  void go(nop, [s, m], here, end); await here.receive()
  for (let k = 0; k < 4; k++) {
    let t = performance.now(); const n = 300000
    for (let i = 0; i < n; i++) { s.tryAcquire(); s.release() }
    console.log('sem pair', ((performance.now() - t) / n * 1e6).toFixed(0), 'ns')
    t = performance.now()
    for (let i = 0; i < n; i++) { m.tryLock(); m.unlock() }
    console.log('mutex pair', ((performance.now() - t) / n * 1e6).toFixed(0), 'ns')
  }
  end.close()
})
