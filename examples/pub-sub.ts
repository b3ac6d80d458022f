// The publish-subscribe pattern: topics with wildcards, a buffer and a policy for each subscriber, one of them on another thread.

import { chan, go, main, parallel, type SendChan } from '@millrace/core'
import { PubSub } from '@millrace/patterns'

interface Order {
  id: number
  euros: number
}

/** Runs on a thread of the pool: the PubSub is the same one there. */
export const bookkeeper = parallel(
  import.meta.url,
  async function bookkeeper(orders: PubSub<Order>, ready: SendChan<boolean>) {
    const all = orders.subscribe('orders.>', { policy: 'block' }) // must not miss one
    await ready.send(true)
    let euros = 0
    for await (const order of all) euros += order.euros
    return euros
  },
)

main(async () => {
  const orders = new PubSub<Order>()
  const ready = chan<boolean>()
  const books = go(bookkeeper, orders, ready)
  await ready.receive()

  const fromEurope = orders.subscribe('orders.eu.*')
  const lastOne = orders.subscribe('orders.*.new', { buffer: 1, policy: 'drop-oldest' })

  for (let id = 1; id <= 100; id++) {
    const place = id % 4 === 0 ? 'eu' : 'us'
    await orders.publish(`orders.${place}.new`, { id, euros: id })
  }
  await orders.publish('weather.today', { id: 0, euros: 0 })
  orders.close() // what is in the buffers can still be received

  let european = 0
  for await (const _ of fromEurope) european++
  console.log(`${european} orders from Europe`)
  console.log(
    `the last order was number ${(await lastOne.receive())?.id}; ${lastOne.dropped} before it were dropped`,
  )
  console.log(`the books say ${await books} euros`)
  const { published, delivered, dropped } = orders.stats
  console.log(`${published} published, ${delivered} delivered, ${dropped} dropped`)
})
