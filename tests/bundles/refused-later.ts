import { go, main } from '@millrace/core'

// A program whose parallel functions are in a chunk that is loaded only when it runs: it tells why they are refused.

main(async () => {
  const { whereabouts } = await import('../browser/functions.js')
  for (let i = 0; i < 2; i++) {
    await go(whereabouts).catch(error => console.log(`${error.code}: ${error.message}`))
  }
  console.log('end')
})
