import { go, main } from '@millrace/core'
import { whereabouts } from '../browser/functions.js'

// A program whose goroutine cannot be started: it tells why, each time that it tries.

main(async () => {
  for (let i = 0; i < 2; i++) {
    await go(whereabouts).catch(error => console.log(`${error.code}: ${error.message}`))
  }
  console.log('end')
})
