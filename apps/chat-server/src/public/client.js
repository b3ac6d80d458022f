// The page's program: what the person does becomes frames, and frames become what the person sees.

import { Connection } from './connection.js'
import { identity } from './identity.js'
import { byId, Conversation, paintAvatar, paintPeople, paintState, showError } from './view.js'

/** @type {Map<string, Conversation>} */
const conversations = new Map()
/** Messages of ours that the server has not confirmed, by the id we gave them. */
const pending = new Map()
/** @type {Conversation | undefined} */
let active
let me = ''
let maxTextLength = 2000
let isLive = false
let lastId = 0

const keepRooms = () => {
  identity.rooms = roomNames()
}
const roomNames = () => [...conversations.values()].filter(c => c.kind === 'room').map(c => c.name)

const connection = new Connection({
  hello() {
    const rooms = roomNames()
    const key = identity.keyOf(me)
    return {
      t: 'hello',
      name: me,
      ...(key && { key }),
      rooms: rooms.length > 0 ? rooms : [byId('first-room').value],
    }
  },
  onFrame(frame) {
    const handle = Object.hasOwn(handlers, frame.t) ? handlers[frame.t] : undefined
    handle?.(frame)
  },
  onState(state) {
    paintState(state)
    isLive = state.name === 'live'
    if (byId('chat').hidden)
      byId('name-error').textContent = state.name === 'connecting' ? '' : byId('state-text').textContent
    byId('composer').querySelector('button').disabled = !isLive
    if (!isLive && state.name !== 'draining')
      for (const ref of [...pending.keys()]) failMessage(ref, 'Not sent')
  },
})

// --- frames -----------------------------------------------------------------------------------------------------------------

/** @type {Record<string, (frame: any) => void>} */
const handlers = {
  welcome({ user, key, limits }) {
    me = user
    maxTextLength = limits.textLength
    identity.keep(user, key)
    byId('self-name').textContent = user
    paintAvatar(byId('self-avatar'), user)
    byId('entrance').hidden = true
    byId('chat').hidden = false
  },
  joined({ room, users, count, seq, ref }) {
    const conversation = conversationOf('room', room)
    const missed = seq - (conversation.seq ?? seq)
    if (missed > 0)
      conversation.addNote(missed === 1 ? 'You missed one message' : `You missed ${missed} messages`)
    conversation.seq = seq
    conversation.users = new Set(users)
    conversation.count = count
    keepRooms()
    if (!active || ref === 'join') open(conversation)
    else if (active === conversation) paintHeader()
  },
  left({ room }) {
    forget(`#${room}`)
  },
  presence({ room, user, online, count }) {
    const conversation = conversationOf('room', room)
    conversation.count = count
    if (online) conversation.users.add(user)
    else conversation.users.delete(user)
    if (user !== me) conversation.addNote(online ? `${user} came in` : `${user} left`)
    if (active === conversation) paintHeader()
  },
  message(frame) {
    const other = frame.from === me ? frame.to : frame.from
    const conversation = frame.room ? conversationOf('room', frame.room) : conversationOf('private', other)
    conversation.addMessage(frame, { own: frame.from === me })
    if (frame.seq) conversation.seq = frame.seq
    if (active !== conversation && frame.from !== me) conversation.countUnread()
  },
  ack({ ref }) {
    pending.get(ref)?.element.remove()
    pending.delete(ref)
  },
  error({ code, message, ref, retryAfterMs }) {
    if (!isLive && (code === 'name_taken' || code === 'bad_name' || code === 'bad_room')) {
      connection.disconnect()
      showEntrance(message)
      return
    }
    if (ref && pending.has(ref)) failMessage(ref, message)
    showError(retryAfterMs ? `${message} Wait ${Math.ceil(retryAfterMs / 1000)} s.` : message)
  },
}

// --- conversations ----------------------------------------------------------------------------------------------------------

/** @param {'room' | 'private'} kind @param {string} name */
function conversationOf(kind, name) {
  const key = kind === 'room' ? `#${name}` : `@${name.toLowerCase()}`
  let conversation = conversations.get(key)
  if (!conversation) {
    conversation = new Conversation(kind, name, open)
    conversations.set(key, conversation)
    byId('logs').append(conversation.log)
    byId(kind === 'room' ? 'rooms' : 'privates').append(conversation.item)
    byId('privates-hint').hidden = byId('privates').childElementCount > 0
  }
  return conversation
}

/** @param {string} key */
function forget(key) {
  const conversation = conversations.get(key)
  if (!conversation) return
  conversations.delete(key)
  conversation.log.remove()
  conversation.item.remove()
  byId('privates-hint').hidden = byId('privates').childElementCount > 0
  keepRooms()
  if (active !== conversation) return
  active = undefined
  const [next] = conversations.values()
  if (next) open(next)
  else connection.send({ t: 'join', id: 'join', room: 'lobby' })
}

/** @param {Conversation} conversation */
function open(conversation) {
  active?.show(false)
  active = conversation
  conversation.show(true)
  paintHeader()
  closePanels()
  if (matchMedia('(hover: hover)').matches) byId('text').focus()
}

function paintHeader() {
  if (!active) return
  const isRoom = active.kind === 'room'
  document.title = `${active.label} · Millrace chat`
  byId('title').textContent = active.label
  byId('subtitle').textContent = isRoom
    ? `${active.count} ${active.count === 1 ? 'person' : 'people'}`
    : 'private'
  byId('leave').textContent = isRoom ? 'Leave' : 'Close'
  byId('text').placeholder = `Message ${active.label}`
  byId('people-panel').hidden = !isRoom
  byId('open-people').hidden = !isRoom
  paintPeople(active, me, name => open(conversationOf('private', name)))
}

// --- sending ----------------------------------------------------------------------------------------------------------------

/** @param {Conversation} conversation @param {string} text */
function sendMessage(conversation, text) {
  const id = `m${++lastId}`
  const to = conversation.kind === 'room' ? { room: conversation.name } : { to: conversation.name }
  const message = { from: me, text, links: [], at: Date.now() }
  const element = conversation.addMessage(message, { own: true, pending: true })
  conversation.log.scrollTop = conversation.log.scrollHeight
  pending.set(id, { element, conversation, text })
  if (!connection.send({ t: 'message', id, ...to, text })) failMessage(id, 'Not sent')
}

/** @param {string} ref @param {string} why */
function failMessage(ref, why) {
  const { element, conversation, text } = pending.get(ref)
  pending.delete(ref)
  element.classList.replace('pending', 'failed')
  const again = document.createElement('button')
  again.type = 'button'
  again.className = 'quiet'
  again.textContent = 'Send again'
  again.addEventListener('click', () => {
    element.remove()
    sendMessage(conversation, text)
  })
  element.querySelector('.delivery').replaceChildren(`${why} `, again)
}

/** @type {HTMLTextAreaElement} */
const field = byId('text')

function paintField() {
  field.style.setProperty('height', 'auto')
  field.style.setProperty('height', `${Math.min(field.scrollHeight, 200)}px`)
  const remaining = maxTextLength - [...field.value].length
  byId('remaining').textContent = remaining < 200 ? String(remaining) : ''
  byId('remaining').classList.toggle('error', remaining < 0)
}

byId('composer').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault()
  const text = field.value.trim()
  if (!active || text === '') return
  if ([...text].length > maxTextLength)
    return showError(`The message is longer than ${maxTextLength} characters.`)
  if (!isLive) return showError('Not connected. Your message is kept here until it can be sent.')
  sendMessage(active, text)
  field.value = ''
  paintField()
})
field.addEventListener('input', paintField)
field.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  byId('composer').requestSubmit()
})

// --- the rest of the page ---------------------------------------------------------------------------------------------------

byId('join').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault()
  connection.send({ t: 'join', id: 'join', room: byId('join-room').value })
  byId('join-room').value = ''
})

byId('leave').addEventListener('click', () => {
  if (active?.kind === 'room') connection.send({ t: 'leave', room: active.name })
  else if (active) forget(`@${active.name.toLowerCase()}`)
})

byId('retry').addEventListener('click', () => connection.connect())

byId('quit').addEventListener('click', () => {
  connection.disconnect()
  identity.forget()
  for (const conversation of conversations.values()) {
    conversation.log.remove()
    conversation.item.remove()
  }
  conversations.clear()
  pending.clear()
  active = undefined
  showEntrance('')
})

for (const [button, panel] of [
  ['open-sidebar', 'sidebar'],
  ['open-people', 'people-panel'],
]) {
  byId(button).addEventListener('click', () => {
    const isOpen = byId(panel).classList.toggle('open')
    byId(button).setAttribute('aria-expanded', String(isOpen))
  })
}

function closePanels() {
  for (const id of ['sidebar', 'people-panel']) byId(id).classList.remove('open')
  for (const id of ['open-sidebar', 'open-people']) byId(id).setAttribute('aria-expanded', 'false')
}
addEventListener('keydown', event => {
  if (event.key === 'Escape') closePanels()
})

/** @param {string} error */
function showEntrance(error) {
  byId('chat').hidden = true
  byId('entrance').hidden = false
  byId('name-error').textContent = error
  byId('name').value = me || identity.lastName
  byId('name').focus()
}

byId('hello').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault()
  byId('name-error').textContent = ''
  me = byId('name').value.trim()
  connection.connect()
})

me = identity.name
for (const room of identity.rooms) conversationOf('room', room)
if (me) {
  byId('chat').hidden = false
  connection.connect()
} else showEntrance('')
