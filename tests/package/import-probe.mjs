// Imports the package it is given in a fresh process and prints, as JSON, what that changed.

import { createRequire, syncBuiltinESMExports } from 'node:module'

const started = []
count(createRequire(import.meta.url)('node:worker_threads'), 'Worker')
count(WebAssembly, 'Memory')
syncBuiltinESMExports()

// Node makes some globals when they are first read, which is nobody's change.
for (const name of Reflect.ownKeys(globalThis)) {
  try {
    void globalThis[name]
  } catch {
    // Not to be had with the flags of this process.
  }
}

let imported = 0
process.on('exit', () => {
  const lingeredMs = Math.round(performance.now() - imported)
  console.log(JSON.stringify({ changed, started, listeners, resources, exports: exported, lingeredMs }))
})

const before = look()
const exported = Object.keys(await import(process.argv[2]))
imported = performance.now()
const after = look()

const changed = differences(before.globals, after.globals)
const listeners = differences(before.listeners, after.listeners)
const resources = after.resources.filter(name => !before.resources.includes(name))

// Replaces a constructor by one that also notes that it was called.
function count(holder, name) {
  const Original = holder[name]
  holder[name] = class extends Original {
    constructor(...args) {
      super(...args)
      started.push(name)
    }
  }
}

function look() {
  return {
    globals: globals(),
    listeners: new Map(process.eventNames().map(name => [String(name), process.listenerCount(name)])),
    resources: process.getActiveResourcesInfo(),
  }
}

// Every global, and every property of it and of its prototype. Getters are compared, not called.
function globals() {
  const seen = new Map()
  note('globalThis', globalThis)
  for (const [path, { value }] of [...seen]) {
    if (value === globalThis || !isObject(value)) continue
    note(path, value)
    if (isObject(value.prototype)) note(`${path}.prototype`, value.prototype)
  }
  return seen

  function note(path, object) {
    for (const key of Reflect.ownKeys(object)) {
      seen.set(`${path}.${String(key)}`, Object.getOwnPropertyDescriptor(object, key))
    }
  }
}

function isObject(value) {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

function differences(old, now) {
  return [...new Set([...old.keys(), ...now.keys()])].filter(key => !isSame(old.get(key), now.get(key)))
}

function isSame(a, b) {
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  return Object.is(a.value, b.value) && a.get === b.get && a.set === b.set
}
