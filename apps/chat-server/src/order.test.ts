import { expect, it } from 'vitest'
import { CRASHING_MAIN, startChat, type User } from '../test/harness.js'

const fast = {
  RATE_PER_SECOND: '100000',
  RATE_BURST: '5000',
  QUEUE_MESSAGES: '10000',
  QUEUE_BYTES: '50000000',
}

it('everybody in a room sees the same order, and each sender in its own', async () => {
  const chat = await startChat({ ...fast, WORKERS: '3' })
  const rooms = ['o1', 'o2', 'o3']
  const users = await Promise.all(Array.from({ length: 5 }, (_, i) => chat.enter(`User${i}`, { rooms })))
  const COUNT = 200
  for (let n = 0; n < COUNT; n++) {
    for (const [i, user] of users.entries()) for (const room of rooms) user.say(room, `${i}:${n}`)
  }
  const seen = await Promise.all(
    users.map(async user => {
      const byRoom = new Map(rooms.map(room => [room, [] as string[]]))
      for (let n = 0; n < COUNT * users.length * rooms.length; n++) {
        const { room, seq, text } = await user.next('message')
        expect(byRoom.get(room)!.push(text)).toBe(seq)
      }
      return byRoom
    }),
  )
  for (const room of rooms) {
    const order = seen[0]!.get(room)!
    for (const one of seen) expect(one.get(room)).toEqual(order)
    for (const i of users.keys()) {
      const own = order.filter(text => text.startsWith(`${i}:`))
      expect(own).toEqual(Array.from({ length: COUNT }, (_, n) => `${i}:${n}`))
    }
  }
  await chat.stop()
}, 30_000)

it('a client that sends and leaves at once is heard', async () => {
  const chat = await startChat(fast)
  const reader = await chat.enter('Reader')
  const hasty = await chat.enter('Hasty')
  for (let n = 0; n < 100; n++) hasty.say('lobby', `${n}`)
  hasty.socket.close()
  for (let n = 0; n < 100; n++) expect((await reader.next('message')).text).toBe(`${n}`)
  await reader.next('presence', { user: 'Hasty', online: false })
  await chat.stop()
})

it('a thread that dies takes one message with it, whose sender is told; the chat goes on in order', async () => {
  const chat = await startChat({ ...fast, WORKERS: '2' }, CRASHING_MAIN)
  const ada = await chat.enter('Ada')
  const bob = await chat.enter('Bob')
  const texts = Array.from({ length: 60 }, (_, n) =>
    [15, 30, 31].includes(n) ? 'crash' : n === 45 ? 'throw' : `${n}`,
  )
  for (const [n, text] of texts.entries()) ada.say('lobby', text, `m${n}`)
  const expected = texts.filter(text => text !== 'crash' && text !== 'throw')
  for (const text of expected) expect((await bob.next('message')).text).toBe(text)
  for (const n of [15, 30, 31, 45])
    expect(await ada.next('error', { ref: `m${n}` })).toMatchObject({ code: 'message_lost' })
  expect(ada.all('ack').length + ada.all('error').length).toBeLessThanOrEqual(expected.length)
  const { body } = await chat.health()
  // A thread may have had both workers.
  expect(body.workers.restarts).toBeGreaterThanOrEqual(4)
  await stillWorks(ada, bob)

  // Also if nothing follows that could show the loss.
  ada.tell('Bob', 'crash', 'last')
  expect(await ada.next('error', { ref: 'last' })).toMatchObject({ code: 'message_lost' })
  await stillWorks(bob, ada)
  chat.kill('SIGTERM')
  expect(await chat.exit).toEqual({ code: 0, signal: null })
})

async function stillWorks(from: User, to: User): Promise<void> {
  from.say('lobby', 'still here', 'check')
  await from.next('ack', { ref: 'check' })
  await to.next('message', { text: 'still here' })
}
