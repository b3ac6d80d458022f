// Who we are: the name and the rooms of this tab, and the keys by which this browser may use its names in several tabs.

const KEYS = 'millrace.chat.keys'
const NAME = 'millrace.chat.name'
const ROOMS = 'millrace.chat.rooms'
const MAX_KEYS = 20

/** @param {Storage} storage @param {string} name */
function readJson(storage, name) {
  try {
    return JSON.parse(storage.getItem(name) ?? '') ?? undefined
  } catch {
    return undefined
  }
}

const readKeys = () => readJson(localStorage, KEYS) ?? {}

export const identity = {
  /** @param {string} name @returns {string | undefined} */
  keyOf(name) {
    const keys = readKeys()
    return Object.hasOwn(keys, name.toLowerCase()) ? keys[name.toLowerCase()] : undefined
  },

  /** @param {string} name @param {string} key */
  keep(name, key) {
    const { [name.toLowerCase()]: _, ...others } = readKeys()
    const entries = [...Object.entries(others), [name.toLowerCase(), key]].slice(-MAX_KEYS)
    localStorage.setItem(KEYS, JSON.stringify(Object.fromEntries(entries)))
    sessionStorage.setItem(NAME, name)
  },

  get name() {
    return sessionStorage.getItem(NAME) ?? ''
  },

  /** The name that this browser has used last. */
  get lastName() {
    return Object.keys(readKeys()).at(-1) ?? ''
  },

  /** @returns {string[]} */
  get rooms() {
    return readJson(sessionStorage, ROOMS) ?? []
  },

  set rooms(names) {
    sessionStorage.setItem(ROOMS, JSON.stringify(names))
  },

  forget() {
    sessionStorage.removeItem(NAME)
    sessionStorage.removeItem(ROOMS)
  },
}
