import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { type Chat, startChat } from '../test/harness.js'

const residentMib = (chat: Chat): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(chat.process.pid)], { encoding: 'utf8' })) / 1024

// What is said in the test: far more than a queue of 1 MiB and the kernel's buffers hold.
const MESSAGES = 300
const TEXT = 'x'.repeat(60_000)

it('a client that stops reading is evicted with 4009; the others get everything, and memory stays bounded', async () => {
  const chat = await startChat({
    MAX_PAYLOAD_BYTES: '65536',
    MAX_TEXT_LENGTH: '60000',
    RATE_PER_SECOND: '100000',
    RATE_BURST: '1000',
    CLOSE_TIMEOUT_MS: '15000',
  })
  const slow = await chat.enter('Slow')
  const reader = await chat.enter('Reader')
  const speaker = await chat.enter('Speaker')
  const before = residentMib(chat)
  slow.socket.pause()

  let evictedAt = 0
  const evicted = chat.logged('evicted')
  void evicted.then(() => {
    evictedAt ||= said
  })
  let said = 0
  while (said < MESSAGES) {
    speaker.say('lobby', TEXT, 'm')
    await speaker.next('ack')
    speaker.all('message')
    expect((await reader.next('message')).seq).toBe(++said)
  }
  const { bytes, messages } = await evicted
  expect(bytes).toBeLessThanOrEqual(1_048_576)
  expect(messages).toBeLessThanOrEqual(256)
  expect(evictedAt).toBeLessThan(MESSAGES)
  await reader.next('presence', { user: 'Slow', online: false })
  expect((await chat.health()).body).toMatchObject({ evicted: 1, sessions: 2 })
  // Unbounded, 17 MiB would have piled up for it.
  expect(residentMib(chat) - before).toBeLessThan(200)

  slow.socket.resume()
  expect(await slow.closed).toEqual({ code: 4009, reason: 'slow consumer' })
  const got = slow.all('message').map(({ seq }) => seq)
  expect(got).toEqual(got.map((_, index) => index + 1))
  expect(got.length).toBeLessThan(evictedAt)
  await chat.stop()
}, 30_000)

it('many small messages evict too: the queue counts both messages and bytes', async () => {
  const chat = await startChat({
    RATE_PER_SECOND: '100000',
    RATE_BURST: '5000',
    QUEUE_MESSAGES: '4',
    MAX_TEXT_LENGTH: '15000',
    CLOSE_TIMEOUT_MS: '500',
  })
  const slow = await chat.enter('Slow')
  const speaker = await chat.enter('Speaker', { rooms: ['elsewhere'] })
  slow.socket.pause()
  const evicted = chat.logged('evicted')
  let isEvicted = false
  void evicted.then(() => {
    isEvicted = true
  })
  while (!isEvicted) {
    speaker.tell('Slow', 'y'.repeat(15_000), 'm')
    const answer = await speaker.next(['ack', 'error'])
    if (answer.t === 'error') expect(answer.code).toBe('no_such_user')
    speaker.all('message')
  }
  expect((await evicted).messages).toBe(4)
  // It never reads its close frame: it is cut.
  await chat.logged('closed', { client: slow.session })
  await chat.stop()
})

it('a burst of more than a queue holds evicts nobody who reads: what is said, and what is only answered', async () => {
  const chat = await startChat({ RATE_PER_SECOND: '100000', RATE_BURST: '5000' })
  const reader = await chat.enter('Reader')
  const speaker = await chat.enter('Speaker')
  const COUNT = 1000 // a queue holds 256
  for (let n = 1; n <= COUNT; n++) speaker.say('lobby', `${n}`, `m${n}`)
  await speaker.next('ack', { ref: `m${COUNT}` })
  for (let n = 1; n <= COUNT; n++) expect((await reader.next('message')).seq).toBe(n)
  for (let n = 1; n <= COUNT; n++) speaker.send({ t: 'ping', id: `p${n}` })
  await speaker.next('pong', { ref: `p${COUNT}` })
  expect((await chat.health()).body).toMatchObject({ evicted: 0, sessions: 2 })
  await chat.stop()
}, 30_000)
