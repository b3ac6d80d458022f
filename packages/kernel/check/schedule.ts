// A step of a schedule in words, for people.

import { LOAD, NOTIFY, STORE } from './instrument.js'
import type { Machine, ThreadState } from './machine.js'

const THREADS = 36_864
const THREAD_BYTES = 2048

const GLOBAL_FIELDS: Readonly<Record<number, string>> = {
  64: 'alive',
  72: 'heapTop',
  76: 'injector',
  128: 'slots',
  216: 'resting',
}

const THREAD_FIELDS: Readonly<Record<number, string>> = {
  4: 'activity',
  12: 'goroutines',
  16: 'answer',
  20: 'running',
  64: 'sum',
  72: 'bell',
  640: 'completed',
  1536: 'inbox',
  1728: 'incarnation',
}

/** `names` gives the starts of objects; an address is named by the last one before it. */
function nameAddress(address: number, names: Readonly<Record<string, number>>): string {
  if (address < THREADS) {
    if (address >= 256 && address < 4096) return `depot[${(address - 256) >> 6}]`
    return GLOBAL_FIELDS[address] ?? `global+${address}`
  }
  if (address < THREADS + 64 * THREAD_BYTES) {
    const thread = Math.floor((address - THREADS) / THREAD_BYTES)
    const offset = (address - THREADS) % THREAD_BYTES
    const leaf = offset >= 128 && offset < 640 ? `leaf[${(offset - 128) >> 3}]` : undefined
    return `thread[${thread}].${THREAD_FIELDS[offset] ?? leaf ?? `+${offset}`}`
  }
  let [nearest, start] = ['heap', 0]
  for (const [name, at] of Object.entries(names))
    if (at <= address && at > start) [nearest, start] = [name, at]
  return address === start ? nearest : `${nearest}+${address - start}`
}

/** What is remembered of a step until somebody wants to read it. */
export interface Step {
  readonly thread: number
  readonly dies: boolean
  readonly state: ThreadState
  /** What is in the word that it is about to access: two halves. */
  readonly low: number
  readonly high: number
}

export function stepOf(machine: Machine, thread: number, dies: boolean): Step {
  const state = machine.threads[thread]!
  const address = (state.access?.address ?? 0) & ~3
  return { thread, dies, state, low: machine.word(address), high: machine.word(address + 4) }
}

export function describeStep(step: Step, names: Readonly<Record<string, number>> = {}): string {
  const { thread, dies, low, high } = step
  const { status, access, request } = step.state
  const called = request && 'call' in request ? `${request.call} ` : ''
  const doing = `thread ${thread}: ${called}`
  if (status !== 'stopped' || !access) return `${doing}${dies ? 'dies' : 'goes on'} (${status})`
  const { kind, address, bytes } = access
  const verb = kind === LOAD ? 'loads' : kind === STORE ? 'stores' : kind === NOTIFY ? 'notifies' : 'changes'
  const value = bytes === 8 ? `${hex(high)}:${hex(low)}` : hex(low)
  return `${doing}${dies ? 'dies before it ' : ''}${verb} ${nameAddress(address, names)} (now ${value})`
}

const hex = (word: number): string => (word >>> 0).toString(16)
