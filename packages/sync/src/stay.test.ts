// Pool threads load the compiled packages, so the test has to as well.
import { go } from '@millrace/core'
import { expect, test } from 'vitest'
import { Mutex, WaitGroup } from '../dist/index.js'
import { echo } from '../fixtures/echo.mjs'

test('a lock that is sent to another thread is refused by name, not copied', async () => {
  await expect(go(echo, { deep: [new Mutex()] })).rejects.toMatchObject({
    code: 'ERR_DATA_CLONE',
    path: 'args[0].deep[0]',
    message:
      'args[0].deep[0] could not be cloned: it is a Mutex, which stays on the thread where it was made',
  })
  await expect(go(echo, new WaitGroup())).rejects.toMatchObject({ path: 'args[0]' })
})
