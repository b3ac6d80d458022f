// Pool threads load the compiled packages, so the test has to as well.
import { go } from '@millrace/core'
import { expect, test } from 'vitest'
import { Mutex, Semaphore } from '../dist/index.js'
import { echo } from '../fixtures/echo.mjs'

test('what crosses to a thread whose module does not import this package comes back as the same thing', async () => {
  const [mutex, semaphore] = [new Mutex(), new Semaphore(3)]
  const back = (await go(echo, { deep: [mutex, semaphore, mutex] })) as { deep: unknown[] }
  expect(back.deep[0]).toBe(mutex)
  expect(back.deep[1]).toBe(semaphore)
  expect(back.deep[2]).toBe(mutex)
})
