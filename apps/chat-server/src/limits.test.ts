import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Chat, startChat, type User } from '../test/harness.js'

let chat: Chat
let other: User
beforeAll(async () => {
  chat = await startChat({
    HELLO_TIMEOUT_MS: '1000',
    HANDSHAKE_TIMEOUT_MS: '500',
    MAX_CONNECTIONS_PER_IP: '50',
  })
  other = await chat.enter('Other')
})
afterAll(async () => {
  // Whatever was done to the server, those who did nothing wrong are still served.
  other.say('lobby', 'still here', 'end')
  await other.next('ack', { ref: 'end' })
  await chat.stop()
})

/** The HTTP status that an upgrade is refused with. */
function refusedWith(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers })
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode)
      request.destroy()
    })
    socket.on('open', () => reject(new Error('it was accepted')))
    socket.on('error', () => {})
  })
}

describe('frames', () => {
  it.each([
    ['{', 'bad_json'],
    ['{"t":"fly"}', 'unknown_type'],
    ['{"t":"join","room":1}', 'bad_field'],
  ])('%s is answered with %s; five of the kind in a row close with 1008', async (frame, code) => {
    const user = await chat.enter(`Bad-${code}`)
    for (let i = 0; i < 4; i++) user.send(frame)
    user.send({ t: 'ping' })
    for (let i = 0; i < 4; i++) expect(await user.next('error')).toMatchObject({ code })
    await user.next('pong')
    for (let i = 0; i < 5; i++) user.send(frame)
    expect(await user.closed).toEqual({ code: 1008, reason: 'not this protocol' })
    expect(user.all('error')).toHaveLength(5)
  })

  it('larger than 16 KiB close with 1009', async () => {
    const user = await chat.enter('Large')
    user.send(`"${'x'.repeat(16_384)}"`)
    expect((await user.closed).code).toBe(1009)
  })

  it('in too many pieces close with 1008', async () => {
    const user = await chat.enter('Pieces')
    for (let i = 0; i < 65; i++) user.socket.send('', { fin: false })
    expect((await user.closed).code).toBe(1008)
  })

  it('that are binary close with 1008', async () => {
    const user = await chat.enter('Binary')
    user.socket.send(Buffer.from('{"t":"ping"}'))
    expect(await user.closed).toEqual({ code: 1008, reason: 'text frames only' })
  })

  it('that are not UTF-8 close with 1007', async () => {
    const user = await chat.enter('NotUtf8')
    user.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
    expect((await user.closed).code).toBe(1007)
  })

  it('with an empty or too long text are refused, as often as one likes', async () => {
    const user = await chat.enter('Texts')
    for (let i = 0; i < 6; i++) user.say('lobby', ' \n ', `e${i}`)
    user.say('lobby', 'x'.repeat(2001), 'long')
    for (let i = 0; i < 6; i++)
      expect(await user.next('error', { ref: `e${i}` })).toMatchObject({ code: 'text_empty' })
    expect(await user.next('error', { ref: 'long' })).toMatchObject({ code: 'text_too_long' })
  })
})

describe('rates', () => {
  it('too many frames are refused with rate_limited, and then close with 4008', async () => {
    const user = await chat.enter('Flood')
    for (let i = 0; i < 100; i++) user.say('lobby', `flood ${i}`)
    expect(await user.closed).toEqual({ code: 4008, reason: 'too many messages' })
    const errors = user.all('error')
    expect(errors.length).toBeGreaterThanOrEqual(20)
    expect(errors.length).toBeLessThanOrEqual(23)
    for (const error of errors)
      expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
    await other.caughtUp()
    expect(other.all('message').filter(({ from }) => from === 'Flood').length).toBeLessThanOrEqual(21)
  })

  it('pings of the protocol count too', async () => {
    const user = await chat.enter('Pings')
    for (let i = 0; i < 50; i++) user.socket.ping()
    expect((await user.closed).code).toBe(4008)
  })
})

describe('handshakes', () => {
  it('from pages of other origins are refused with 403', async () => {
    const { host } = new URL(chat.url)
    expect(await refusedWith(chat.socketUrl, { Origin: 'https://evil.example' })).toBe(403)
    expect(await refusedWith(chat.socketUrl, { Origin: 'null' })).toBe(403)
    expect(await refusedWith(chat.socketUrl, { Origin: `http://${host}.evil.example` })).toBe(403)
    const own = await chat.open({ headers: { Origin: `http://${host}` } })
    own.socket.close()
  })

  it('to other paths are refused with 404', async () => {
    expect(await refusedWith(`${chat.socketUrl}x`)).toBe(404)
  })

  it('without a hello close with 1008', async () => {
    const user = await chat.open()
    expect(await user.closed).toEqual({ code: 1008, reason: 'no hello' })
  })

  it.each([
    ['never begin', ''],
    ['never end', 'GET /ws HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ])('that %s are cut', async (_, begin) => {
    const socket = connect(Number(new URL(chat.url).port), '127.0.0.1')
    socket.write(begin)
    socket.resume()
    await new Promise(resolve => socket.on('close', resolve))
  })
})

it('an allow-list of origins replaces the rule of the same host', async () => {
  const strict = await startChat({ ALLOWED_ORIGINS: 'https://chat.example' })
  const { host } = new URL(strict.url)
  expect(await refusedWith(strict.socketUrl, { Origin: `http://${host}` })).toBe(403)
  await strict.open({ headers: { Origin: 'https://chat.example' } })
  await strict.stop()
})

it('one address has so many connections and no more; a proxy that is trusted says whose they are', async () => {
  const small = await startChat({ MAX_CONNECTIONS_PER_IP: '2', MAX_CONNECTIONS: '3', TRUST_PROXY: 'yes' })
  const first = await small.open({ headers: { 'X-Forwarded-For': 'x, 10.0.0.1' } })
  await small.open({ headers: { 'X-Forwarded-For': '10.0.0.1' } })
  expect(await refusedWith(small.socketUrl, { 'X-Forwarded-For': '10.0.0.9, 10.0.0.1' })).toBe(429)
  await small.open({ headers: { 'X-Forwarded-For': '10.0.0.2' } })
  expect(await refusedWith(small.socketUrl, { 'X-Forwarded-For': '10.0.0.3' })).toBe(503)
  first.socket.close()
  await first.closed
  await small.logged('closed')
  await small.open({ headers: { 'X-Forwarded-For': '10.0.0.1' } })
  await small.stop()
})

it('one address has so many TCP connections, whatever they are for', async () => {
  const small = await startChat({ MAX_CONNECTIONS_PER_IP: '1' })
  const port = Number(new URL(small.url).port)
  const sockets = Array.from({ length: 31 }, () => connect(port, '127.0.0.1'))
  await Promise.all(sockets.map(socket => once(socket, 'connect')))
  await once(connect(port, '127.0.0.1').resume(), 'close')
  for (const socket of sockets) socket.destroy()
  await small.stop()
})

it('a peer that does not answer pings is cut', async () => {
  const chat = await startChat({ PING_INTERVAL_MS: '100', PONG_TIMEOUT_MS: '300' })
  const alive = await chat.enter('Alive')
  const dead = await chat.enter('Dead', {}, { autoPong: false })
  expect((await dead.closed).code).toBe(1006)
  await chat.logged('heartbeat_missed', { client: dead.session })
  await alive.next('presence', { user: 'Dead', online: false })
  await alive.caughtUp()
  await chat.stop()
})
