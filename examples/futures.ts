// The future pattern: work that has begun, whose result many may ask for, each with a patience of its own. Some of it on threads.

import { background, main, parallel, withTimeout } from '@millrace/core'
import { Future } from '@millrace/patterns'

export const fibonacci = parallel(import.meta.url, function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
})

main(async () => {
  const futures = [10, 20, 25].map(n => Future.run(fibonacci, n)) // all have begun
  console.log(await Future.all(futures))

  const slow = new Future(async ctx => {
    await ctx.done().receive()
    console.log('told to stop')
  })
  const [impatient] = withTimeout(background(), 1)
  await slow.get(impatient).catch(error => console.log(`one who asked: ${error.message}`))
  console.log(`settled: ${slow.settled}`)
  slow.cancel(new Error('not needed'))
  await slow.get().catch(error => console.log(`all others: ${error.message}`))

  const mirrors = [Promise.reject(new Error('down')), Promise.resolve('from the second mirror')]
  console.log(await Future.any(mirrors.map(mirror => new Future(() => mirror))))
})
