import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat } from '../test/harness.js'

let chat: Chat
beforeAll(async () => {
  chat = await startChat({ NAME_HOLD_MS: '60000' })
})
afterAll(() => chat?.stop())

describe('rooms', () => {
  it('what one user says in a room, all in the room get, and the sender an ack', async () => {
    const ada = await chat.enter('Ada', { rooms: ['r1'] })
    const bob = await chat.enter('Bob', { rooms: ['r1'] })
    ada.say('r1', '  hello, Bob https://millrace.example/a  ', 'm1')
    const heard = await bob.next('message')
    expect(heard).toMatchObject({
      room: 'r1',
      from: 'Ada',
      text: 'hello, Bob https://millrace.example/a',
      seq: 1,
      links: [[11, 37]],
    })
    expect(heard.at).toBeGreaterThan(Date.now() - 60_000)
    expect(await ada.next('message')).toEqual(heard)
    expect(await ada.next('ack')).toEqual({ t: 'ack', ref: 'm1', id: heard.id, seq: 1 })
  })

  it('are separate', async () => {
    const ada = await chat.enter('Ada2', { rooms: ['r2', 'r3'] })
    const bob = await chat.enter('Bob2', { rooms: ['r2'] })
    const eve = await chat.enter('Eve2', { rooms: ['r3'] })
    ada.say('r3', 'for r3', 'm1')
    ada.say('r2', 'for r2', 'm2')
    await ada.next('ack', { ref: 'm1' })
    await ada.next('ack', { ref: 'm2' })
    await bob.caughtUp()
    await eve.caughtUp()
    expect(bob.all('message').map(({ text }) => text)).toEqual(['for r2'])
    expect(eve.all('message').map(({ text }) => text)).toEqual(['for r3'])
  })

  it('a room that one is not in cannot be spoken to or left', async () => {
    const ada = await chat.enter('Ada3')
    ada.say('r4', 'hello?', 'm1')
    expect(await ada.next('error')).toMatchObject({ ref: 'm1', code: 'not_in_room' })
    ada.send({ t: 'leave', room: 'r4', id: 'l1' })
    expect(await ada.next('error')).toMatchObject({ ref: 'l1', code: 'not_in_room' })
  })

  it('what was said before leaving is still said', async () => {
    const ada = await chat.enter('Ada4', { rooms: ['r5'] })
    const bob = await chat.enter('Bob4', { rooms: ['r5'] })
    ada.say('r5', 'bye')
    ada.send({ t: 'leave', room: 'r5' })
    ada.say('r5', 'too late', 'm2')
    await bob.next('message', { text: 'bye' })
    await bob.next('presence', { user: 'Ada4', online: false })
    expect(await ada.next('error')).toMatchObject({ ref: 'm2', code: 'not_in_room' })
  })

  it('a connection may be in so many and no more', async () => {
    const rooms = Array.from({ length: 20 }, (_, i) => `many-${i}`)
    const ada = await chat.enter('Ada5', { rooms })
    ada.send({ t: 'join', room: 'one-more', id: 'j' })
    expect(await ada.next('error')).toMatchObject({ ref: 'j', code: 'too_many_rooms' })
  })
})

describe('presence', () => {
  it('tells who is there, who comes and who goes', async () => {
    const ada = await chat.enter('Ada6', { rooms: ['p1'] })
    const bob = await chat.open()
    bob.send({ t: 'hello', name: 'Bob6', rooms: ['p1'] })
    expect(await bob.next('joined')).toMatchObject({ room: 'p1', users: ['Ada6', 'Bob6'], count: 2 })
    expect(await ada.next('presence')).toEqual({
      t: 'presence',
      room: 'p1',
      user: 'Bob6',
      online: true,
      count: 2,
    })
    bob.socket.close()
    expect(await ada.next('presence')).toEqual({
      t: 'presence',
      room: 'p1',
      user: 'Bob6',
      online: false,
      count: 1,
    })
  })

  it('counts users, not their sessions', async () => {
    const watcher = await chat.enter('Watcher', { rooms: ['p2'] })
    const one = await chat.enter('Tabs', { rooms: ['p2'] })
    const two = await chat.enter('Tabs', { rooms: ['p2'], key: one.key })
    one.socket.close()
    await one.closed
    two.send({ t: 'leave', room: 'p2' })
    await two.next('left')
    await watcher.caughtUp()
    expect(watcher.all('presence').map(({ user, online }) => [user, online])).toEqual([
      ['Tabs', true],
      ['Tabs', false],
    ])
  })
})

describe('private messages', () => {
  it('reach every session of both, and nobody else', async () => {
    const ada1 = await chat.enter('Ada7')
    const ada2 = await chat.enter('Ada7', { rooms: ['elsewhere'], key: ada1.key })
    const bob1 = await chat.enter('Bob7', { rooms: [] })
    const bob2 = await chat.enter('Bob7', { key: bob1.key })
    const eve = await chat.enter('Eve7')
    ada1.tell('bob7', 'psst', 'm1')
    const expected = { from: 'Ada7', to: 'Bob7', text: 'psst' }
    const { id } = await ada1.next('ack', { ref: 'm1' })
    for (const session of [ada1, ada2, bob1, bob2]) {
      await session.caughtUp()
      const messages = session.all('message')
      expect(messages).toHaveLength(1)
      expect(messages[0]).toMatchObject({ ...expected, id })
    }
    await eve.caughtUp()
    expect(eve.all('message')).toEqual([])
  })

  it('to oneself come once to each session', async () => {
    const ada = await chat.enter('Ada8')
    ada.tell('Ada8', 'note', 'm1')
    await ada.next('ack')
    expect(ada.all('message')).toHaveLength(1)
  })

  it('to nobody are refused', async () => {
    const ada = await chat.enter('Ada9')
    ada.tell('Nobody', 'hello?', 'm1')
    expect(await ada.next('error')).toMatchObject({ ref: 'm1', code: 'no_such_user' })
  })
})

describe('names', () => {
  it('belong to who has the key, also for a while after the last session', async () => {
    const ada = await chat.enter('Ada10')
    const thief = await chat.open()
    thief.send({ t: 'hello', name: 'ADA10', id: 'h1' })
    expect(await thief.next('error')).toMatchObject({ ref: 'h1', code: 'name_taken' })
    thief.send({ t: 'hello', name: 'ada10', id: 'h2', key: 'x'.repeat(ada.key.length) })
    expect(await thief.next('error')).toMatchObject({ ref: 'h2', code: 'name_taken' })
    ada.socket.close()
    await chat.logged('closed', { client: ada.session })
    thief.send({ t: 'hello', name: 'Ada10', id: 'h3' })
    expect(await thief.next('error')).toMatchObject({ ref: 'h3', code: 'name_taken' })
    const again = await chat.enter('ada10', { key: ada.key })
    expect(again.key).toBe(ada.key)
  })

  it('come first: nothing can be done without, and only one can be had', async () => {
    const user = await chat.open()
    user.say('lobby', 'hi', 'm1')
    expect(await user.next('error')).toMatchObject({ ref: 'm1', code: 'hello_first' })
    user.send({ t: 'hello', name: 'Ada11' })
    await user.next('welcome')
    user.send({ t: 'hello', name: 'Ada12', id: 'h2' })
    expect(await user.next('error')).toMatchObject({ ref: 'h2', code: 'already_greeted' })
  })
})

it('markup arrives as the text it is', async () => {
  const ada = await chat.enter('Ada13', { rooms: ['x'] })
  const bob = await chat.enter('Bob13', { rooms: ['x'] })
  const attacks = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '"><svg/onload=alert(1)>',
    '{"t":"message"}',
    '__proto__',
  ]
  for (const text of attacks) {
    ada.say('x', text)
    expect((await bob.next('message')).text).toBe(text)
  }
})
