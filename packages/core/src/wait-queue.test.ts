import { expect, test } from 'vitest'
import { type Form, SingleWaiter } from './wait-queue.js'

const AS_IT_IS: Form<unknown> = value => value

test('a waiter that is served before anybody has asked for its promise answers all the same', async () => {
  const receiver = new SingleWaiter(undefined, AS_IT_IS)
  receiver.received('a', true)
  expect(await receiver.promise()).toBe('a')
  const sender = new SingleWaiter('sent', AS_IT_IS)
  sender.sent()
  expect(await sender.promise()).toBeUndefined()
})

test('a waiter that has failed before anybody has asked for its promise is rejected, and only then', async () => {
  const waiter = new SingleWaiter(undefined, AS_IT_IS)
  waiter.failed(new Error('too late'))
  // A rejection that nobody handles yet would be reported after this.
  await new Promise(resolve => setImmediate(resolve))
  await expect(waiter.promise()).rejects.toThrow('too late')
})

test('a waiter that is served later resolves the promise that it has given', async () => {
  const waiter = new SingleWaiter(undefined, AS_IT_IS)
  const promise = waiter.promise()
  waiter.received('b', true)
  expect(await promise).toBe('b')
})
