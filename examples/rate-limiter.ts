// A rate limiter: 4 goroutines on the pool's threads send what they have, and together never more than 20 at once and 100 a
// second. There is one bucket, whichever thread draws from it.

import { go, main, parallel } from '@millrace/core'
import { RateLimiter } from '@millrace/patterns'

export const send = parallel(import.meta.url, async function send(limiter: RateLimiter, letters: number) {
  for (let i = 0; i < letters; i++) await limiter.wait()
})

main(async () => {
  const began = performance.now()
  const limiter = new RateLimiter(100, 20)

  let dropped = 0
  for (let i = 0; i < 30; i++) if (!limiter.allow()) dropped++
  console.log(`asked 30 times at once: ${dropped} dropped`)

  await Promise.all([10, 10, 10, 10].map(letters => go(send, limiter, letters)))
  const isKept = performance.now() - began >= 390 // 20 of 60 events went at once
  console.log(`40 letters from 4 threads took ${isKept ? 'at least 0.4 s' : 'too little'}`)

  const reservation = limiter.reserveN(Date.now(), 10)
  console.log(`the next ten are to wait, about ${Math.round(reservation.delay() / 100)}00 ms`)
  reservation.cancel() // they have changed their mind: the tokens are there for others
})
