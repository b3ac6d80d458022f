// What is on the page. Whatever others have written gets here as text and is only ever put into text nodes.

/** @param {string} id @returns {any} */
export const byId = id => document.getElementById(id)

const MAX_MESSAGES = 500
/** Messages of one person within this time are shown as one block. */
const BLOCK_MS = 5 * 60_000
const NEAR_END_PX = 80

/** @param {string} name */
function hueOf(name) {
  let hue = 0
  for (const character of name.toLowerCase()) hue = (hue * 31 + character.codePointAt(0)) % 360
  return hue
}

/** @param {HTMLElement} element @param {string} name */
export function paintAvatar(element, name) {
  element.textContent = [...name][0].toUpperCase()
  element.style.setProperty('--hue', String(hueOf(name)))
}

/** One room, or one private conversation: its log, its button, who is in it. */
export class Conversation {
  /** @param {'room' | 'private'} kind @param {string} name @param {(conversation: Conversation) => void} onOpen */
  constructor(kind, name, onOpen) {
    this.kind = kind
    this.name = name
    /** @type {Set<string>} */
    this.users = new Set()
    this.count = 0
    this.unread = 0
    /** @type {number | undefined} The position of the last message that has been seen here. */
    this.seq = undefined
    this.label = kind === 'room' ? `#${name}` : name

    this.log = document.createElement('ol')
    this.log.className = 'log'
    this.log.tabIndex = 0
    this.log.setAttribute('role', 'log')
    this.log.setAttribute('aria-label', kind === 'room' ? `Messages in ${name}` : `Messages with ${name}`)
    this.log.hidden = true

    this.item = document.createElement('li')
    this.button = document.createElement('button')
    this.button.type = 'button'
    this.button.addEventListener('click', () => onOpen(this))
    const label = document.createElement('span')
    label.textContent = this.label
    label.dir = 'auto'
    this.badge = document.createElement('span')
    this.badge.className = 'badge'
    this.button.append(label, this.badge)
    this.item.append(this.button)
    /** @type {{ from: string, at: number } | undefined} */
    this.last = undefined
  }

  /** @param {boolean} isActive */
  show(isActive) {
    this.log.hidden = !isActive
    if (isActive) {
      this.button.setAttribute('aria-current', 'true')
      this.unread = 0
      this.#paintBadge()
      this.log.scrollTop = this.log.scrollHeight
    } else this.button.removeAttribute('aria-current')
  }

  countUnread() {
    this.unread++
    this.#paintBadge()
  }

  #paintBadge() {
    this.badge.textContent = this.unread > 0 ? String(Math.min(this.unread, 99)) : ''
    this.badge.setAttribute('aria-label', this.unread > 0 ? `${this.unread} unread` : '')
  }

  /**
   * @param {{ from: string, text: string, links: [number, number][], at: number }} message
   * @param {{ own: boolean, pending?: boolean }} kind One that is pending stays below those that have been said.
   * @returns {HTMLElement}
   */
  addMessage({ from, text, links, at }, { own, pending = false }) {
    const element = byId('message-template').content.firstElementChild.cloneNode(true)
    const continues = this.last?.from === from && at - this.last.at < BLOCK_MS
    if (!pending) this.last = { from, at }
    element.classList.toggle('continued', continues)
    element.classList.toggle('own', own)
    element.classList.toggle('pending', pending)
    paintAvatar(element.querySelector('.avatar'), from)
    element.querySelector('.from').textContent = from
    const time = element.querySelector('time')
    const date = new Date(at)
    time.dateTime = date.toISOString()
    time.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    element.title = date.toLocaleString()
    fillText(element.querySelector('.text'), text, links)
    this.#append(element)
    return element
  }

  /** @param {string} text Something that happened, said by the page itself. */
  addNote(text) {
    const element = document.createElement('li')
    element.className = 'note'
    element.textContent = text
    this.last = undefined
    this.#append(element)
  }

  /** @param {HTMLElement} element */
  #append(element) {
    const { log } = this
    const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX
    const firstPending = element.classList.contains('pending') ? null : log.querySelector('.pending')
    log.insertBefore(element, firstPending)
    if (log.childElementCount > MAX_MESSAGES) log.firstElementChild?.remove()
    if (wasAtEnd) log.scrollTop = log.scrollHeight
  }
}

/** @param {HTMLElement} element @param {string} text @param {[number, number][]} links */
function fillText(element, text, links) {
  let end = 0
  for (const [from, to] of links) {
    const address = text.slice(from, to)
    // The server says where links are; what is one is decided here once more.
    if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) continue
    element.append(text.slice(end, from))
    const link = document.createElement('a')
    link.href = address
    link.rel = 'noopener noreferrer nofollow'
    link.target = '_blank'
    link.textContent = address
    element.append(link)
    end = to
  }
  element.append(text.slice(end))
}

/** @param {Conversation} conversation @param {string} me @param {(name: string) => void} onChoose */
export function paintPeople(conversation, me, onChoose) {
  const names = [...conversation.users].sort((a, b) => a.localeCompare(b))
  byId('people').replaceChildren(...names.map(name => personItem(name, name === me, onChoose)))
  const more = conversation.count - names.length
  if (more > 0) {
    const item = document.createElement('li')
    item.className = 'hint'
    item.textContent = `and ${more} more`
    byId('people').append(item)
  }
}

/** @param {string} name @param {boolean} isMe @param {(name: string) => void} onChoose */
function personItem(name, isMe, onChoose) {
  const item = document.createElement('li')
  const avatar = document.createElement('span')
  avatar.className = 'avatar'
  avatar.ariaHidden = 'true'
  paintAvatar(avatar, name)
  const label = document.createElement('span')
  label.textContent = isMe ? `${name} (you)` : name
  const button = document.createElement('button')
  button.type = 'button'
  button.disabled = isMe
  button.title = isMe ? '' : `Write to ${name}`
  button.append(avatar, label)
  button.addEventListener('click', () => onChoose(name))
  item.append(button)
  return item
}

let countdown = 0

/** @param {import('./connection.js').State} state */
export function paintState({ name, retryAt, reason }) {
  clearInterval(countdown)
  byId('state').dataset.state = name
  byId('state-text').textContent = {
    connecting: 'Connecting…',
    live: 'Live',
    reconnecting: 'Reconnecting',
    draining: 'Server is restarting',
    offline: 'Offline',
    stopped: `Disconnected${reason ? `: ${reason}` : ''}`,
  }[name]
  byId('retry').hidden = name !== 'reconnecting' && name !== 'stopped'
  byId('countdown').textContent = ''
  if (retryAt === undefined) return
  // The seconds are for the eye only: read aloud each second they would drown everything else.
  const paint = () => {
    byId('countdown').textContent = `in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`
  }
  paint()
  countdown = window.setInterval(paint, 250)
}

let errorTimer = 0

/** @param {string} text */
export function showError(text) {
  clearTimeout(errorTimer)
  byId('errors').textContent = text
  errorTimer = window.setTimeout(() => byId('errors').replaceChildren(), 6000)
}
