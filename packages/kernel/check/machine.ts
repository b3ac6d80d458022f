// A machine with one processor that any of its threads may have at any moment, and whose whole state can be kept and set
// back: the words of memory that differ from a base, and per thread the bytes of its suspended WebAssembly stack and the
// answers that its operation has had.
//
// A thread that is not done is stopped right before an access to a shared word, or asleep, or waiting. `run` lets it make
// that access and go on to the next such place. What it does in between only it can see.

import { LOAD, NOTIFY, READ_MODIFY_WRITE, STORE } from './instrument.js'
import {
  Again,
  type Operation,
  type Outcome,
  type Program,
  type Read,
  type Request,
  type Steps,
  type Write,
} from './program.js'
import { SharedWords } from './shared-words.js'
import { type Hash, Hasher, hashMemory } from './state-hash.js'

const PAGES = 40
const PAGE = 65_536
const STACK_BYTES = 4096
const ENDLESS = 20_000 // accesses on end that nobody notices; who does more may be waiting for others

const STOPPED = Symbol('stopped')
const NOWHERE = { access: undefined, stack: undefined }

type Exports = Record<string, (...args: number[]) => number>

const STATUSES = ['stopped', 'asleep', 'woken', 'waiting', 'done', 'dead'] as const
export type Status = (typeof STATUSES)[number]

/** The access that a thread is stopped before. */
export interface Access {
  readonly kind: number
  readonly address: number
  readonly bytes: number
  /** It is the first of an operation whose beginning counts. */
  readonly begins: boolean
}

/** One thread's part of the state. Never changed once made. */
export interface ThreadState {
  readonly status: Status
  readonly access?: Access
  readonly request?: Request
  /** Of the operation that it is in. */
  readonly operation: number
  readonly memory: Outcome
  readonly log: readonly number[]
  /** The operations of all threads that had ended when this one began; -1 = it has not begun. */
  readonly before: number
  readonly stack?: readonly number[]
  readonly outcomes: readonly Ended[]
  readonly hash: Hash
}

/** An operation that has ended. */
export interface Ended {
  readonly outcome: Outcome
  readonly before: number
}

export interface State {
  readonly words: Int32Array
  readonly threads: readonly ThreadState[]
  /** Bit t: thread t is dead; from bit 8 on: and somebody has been told. */
  readonly deaths: number
}

/** Which operation of which thread, as a bit of `before`: four threads of six operations, and eight bits for what is found. */
export const operationBit = (thread: number, operation: number): number => 1 << (thread * 6 + operation)
export const FOUND_BITS = 24

interface Live {
  readonly steps: Steps
  readonly operation: number
  log: readonly number[]
}

export class Machine {
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true })
  readonly words = new Int32Array(this.memory.buffer)
  readonly #module: WebAssembly.Module
  readonly #instances: Exports[] = []
  #programs: readonly Program[] = []
  #threads: ThreadState[] = []
  #live: (Live | undefined)[] = []
  #deaths = 0
  #base = new Int32Array(0)
  readonly #written: number[] = []
  readonly #isWritten: Uint8Array
  readonly shared = new SharedWords(PAGES * PAGE)
  /** Whether a word was found to be shared since this was last set to false. */
  learnt = false
  /** With deaths to come, writes that nobody can notice are stops too: dying before them may be noticed. */
  deathsAllowed = 0
  /** Whether the order of operations' beginnings and ends counts: then each begins with a stop. */
  isTimed = false
  /** Whether every access is a stop, noticed or not. */
  stopsAlways = false

  // What `step` finds when it is called.
  #mode: 'free' | 'running' | 'suspending' | 'resuming' = 'free'
  #current = 0
  #stoppedAt: Access | undefined
  #accesses = 0

  constructor(module: WebAssembly.Module) {
    this.#module = module
    this.#isWritten = new Uint8Array(this.words.length)
    this.#instances.push(this.#instance())
  }

  /** The kernel, for setting up and for looking at a machine that stands still: it is not stopped anywhere. */
  get kernel(): Exports {
    return this.#instances[0]!
  }

  word(address: number): number {
    return this.words[address >> 2]!
  }

  #instance(): Exports {
    let exports: Exports
    const step = (kind: number, address: number, bytes: number): void =>
      this.#step(exports!, kind, address >>> 0, bytes)
    const instance = new WebAssembly.Instance(this.#module, { env: { memory: this.memory }, check: { step } })
    exports = instance.exports as unknown as Exports
    return exports
  }

  /** Takes memory as it is now for the base, and gives the threads their programs. */
  load(programs: readonly Program[]): void {
    this.#base = this.words.slice()
    this.#isWritten.fill(0)
    this.#written.length = 0
    this.#programs = programs
    while (this.#instances.length < programs.length) this.#instances.push(this.#instance())
  }

  /** Sets everything back to the base and lets each thread come to its first stop. */
  begin(): State {
    for (const word of this.#written) this.words[word] = this.#base[word]!
    this.#deaths = 0
    this.#live = []
    const fresh = {
      status: 'stopped' as const,
      operation: 0,
      memory: null,
      log: [],
      before: -1,
      outcomes: [],
    }
    this.#threads = this.#programs.map(() => ({ ...fresh, hash: { a: 0, b: 0 } }))
    this.#programs.forEach((_, thread) => {
      this.#accesses = 0
      this.#advance(thread, undefined)
    })
    return this.state()
  }

  state(): State {
    const words = new Int32Array(this.#written.length)
    for (let i = 0; i < words.length; i++) words[i] = this.words[this.#written[i]!]!
    return { words, threads: this.#threads.slice(), deaths: this.#deaths }
  }

  restore(state: State): void {
    const { words } = state
    for (let i = 0; i < this.#written.length; i++) {
      const word = this.#written[i]!
      this.words[word] = i < words.length ? words[i]! : this.#base[word]!
    }
    this.#threads = state.threads.slice()
    this.#deaths = state.deaths
  }

  get threads(): readonly ThreadState[] {
    return this.#threads
  }

  /** One number that stands for the whole state: 53 bits, so that two of a million states are mixed up once in 10 000 runs. */
  key(): number {
    let { a, b } = hashMemory(this.words, this.#base, this.#written)
    this.#threads.forEach((thread, i) => {
      a = (Math.imul(a ^ thread.hash.a, 0x9e3779b1) + i) | 0
      b = (Math.imul(b ^ thread.hash.b, 0x85ebca77) ^ (b >>> 13)) | 0
    })
    a = Math.imul(a ^ this.#deaths ^ (a >>> 15), 0x2c1b3c6d)
    return (a >>> 0) * 0x200000 + ((b ^ (b >>> 11)) & 0x1fffff)
  }

  /** Whether `thread` can do its next step now. */
  canRun(thread: number): boolean {
    const { status, request } = this.#threads[thread]!
    if (status === 'stopped' || status === 'woken') return true
    if (status !== 'waiting' || !request) return false
    if ('awaitDeath' in request) return (this.#deaths & 0xff & ~(this.#deaths >> 8)) !== 0
    if ('operations' in request) return this.#threads[request.thread]!.outcomes.length >= request.operations
    return false
  }

  /** Whether its death now differs from its death at a later stop. */
  canDie(thread: number): boolean {
    const { status, access } = this.#threads[thread]!
    if (!this.#programs[thread]!.mortal || status === 'dead') return false
    return status !== 'stopped' || access!.kind !== LOAD
  }

  kill(thread: number): void {
    this.#deaths |= 1 << thread
    this.#set(thread, { ...this.#threads[thread]!, status: 'dead' })
  }

  /** Lets `thread` do its next step, and whatever it does that no other can see, up to its next stop. */
  run(thread: number): void {
    let state = this.#threads[thread]!
    if (state.before < 0) {
      state = { ...state, before: this.#ended() }
      this.#threads[thread] = state
    }
    const request = state.request!
    this.#accesses = 0
    if (state.status === 'woken') {
      this.#advance(thread, 1)
      return
    }
    if ('call' in request) this.#advance(thread, this.#resume(thread, state))
    else if ('read' in request || 'write' in request) this.#advance(thread, this.#access(request))
    else if ('sleep' in request) {
      if (this.words[request.sleep >> 2] === 1) this.#set(thread, { ...state, status: 'asleep' })
      else this.#advance(thread, 0)
    } else if ('awaitDeath' in request) {
      const dead = 31 - Math.clz32(this.#deaths & 0xff & ~(this.#deaths >> 8))
      this.#deaths |= 0x100 << dead
      this.#advance(thread, dead)
    } else this.#advance(thread, 0)
  }

  #ended(): number {
    let ended = 0
    this.#threads.forEach((thread, t) => {
      for (let i = 0; i < thread.outcomes.length; i++) ended |= operationBit(t, i)
    })
    return ended
  }

  #set(thread: number, state: Omit<ThreadState, 'hash'>): void {
    const { stack, outcomes, log, memory, operation, before, status, access } = state
    const hasher = new Hasher()
    hasher.add(STATUSES.indexOf(status) * 8 + operation)
    hasher.add(before)
    if (access) hasher.add(access.address * 8 + access.kind)
    hasher.addAll(log)
    if (stack) hasher.addAll(stack)
    if (memory !== null) hasher.addText(JSON.stringify(memory))
    for (const ended of outcomes) {
      hasher.add(ended.before)
      hasher.addText(JSON.stringify(ended.outcome))
    }
    this.#threads[thread] = { ...state, hash: hasher.hash }
  }

  /** Gives the thread's operation `answer` (undefined: begin) and goes on with it up to the thread's next stop. */
  #advance(thread: number, given: number | undefined | typeof STOPPED): void {
    if (given === STOPPED) return
    let answer = given
    const { operations } = this.#programs[thread]!
    let state = this.#threads[thread]!
    let live = this.#live[thread]
    if (answer !== undefined && (live?.operation !== state.operation || live.log !== state.log)) {
      live = replay(operations[state.operation]!, state)
    }
    for (;;) {
      if (state.operation >= operations.length) {
        this.#set(thread, { ...state, status: 'done', ...NOWHERE })
        return
      }
      let next: IteratorResult<Request, Outcome | Again>
      if (answer === undefined) {
        live = { steps: operations[state.operation]!.run(state.memory), operation: state.operation, log: [] }
        state = { ...state, log: live.log }
        next = live.steps.next()
      } else {
        next = live!.steps.next(answer)
        live!.log = [...live!.log, answer]
        state = { ...state, log: live!.log }
      }
      this.#live[thread] = live
      if (!next.done) {
        state = { ...state, request: next.value }
        this.#threads[thread] = state
        const served = this.#serve(thread, state, next.value)
        if (served === STOPPED) return
        answer = served
        continue
      }
      answer = undefined
      if (next.value instanceof Again) {
        state = { ...state, memory: next.value.memory }
        continue
      }
      const before = state.before < 0 ? this.#ended() : state.before
      const outcomes = [...state.outcomes, { outcome: next.value, before }]
      state = {
        status: 'stopped',
        operation: state.operation + 1,
        memory: null,
        log: [],
        before: -1,
        outcomes,
        hash: state.hash,
      }
    }
  }

  /** Begins what is requested. Answers its result, or that the thread has stopped on the way. */
  #serve(thread: number, state: ThreadState, request: Request): number | typeof STOPPED {
    if ('call' in request) return this.#call(thread, request.call, request.args)
    if (!('read' in request || 'write' in request || 'sleep' in request)) {
      this.#set(thread, { ...state, ...NOWHERE, status: 'waiting' })
      return STOPPED
    }
    const kind = 'write' in request ? STORE : LOAD
    const address = 'read' in request ? request.read : 'write' in request ? request.write : request.sleep
    this.#note(thread, kind, address, 4)
    if (!('sleep' in request) && !this.#stopsAt(thread, kind, address, 4)) return this.#access(request)
    const access = { kind, address, bytes: 4, begins: this.#begins(thread) }
    this.#set(thread, { ...state, ...NOWHERE, status: 'stopped', access })
    return STOPPED
  }

  #access(request: Read | Write): number {
    if ('read' in request) return this.words[request.read >> 2]!
    this.#write(request.write, 4)
    this.words[request.write >> 2] = request.value
    return 0
  }

  #call(thread: number, name: string, args: readonly number[]): number | typeof STOPPED {
    const exports = this.#instances[thread]!
    const callee = exports[name]
    if (!callee) throw new Error(`the kernel has no ${name}`)
    this.#current = thread
    this.#mode = 'running'
    return this.#afterCall(thread, exports, callee(...args))
  }

  #resume(thread: number, state: ThreadState): number | typeof STOPPED {
    const { call, args } = state.request as { call: string; args: readonly number[] }
    const exports = this.#instances[thread]!
    const at = this.#stackOf(thread)
    const stack = state.stack!
    for (let i = 0; i < stack.length; i++) this.words[(at >> 2) + 2 + i] = stack[i]!
    this.words[at >> 2] = at + 8 + stack.length * 4
    this.words[(at >> 2) + 1] = at + STACK_BYTES
    this.#current = thread
    this.#mode = 'resuming'
    exports.asyncify_start_rewind!(at)
    return this.#afterCall(thread, exports, exports[call]!(...args))
  }

  #afterCall(thread: number, exports: Exports, result: number | undefined): number | typeof STOPPED {
    const suspended = this.#mode === 'suspending'
    this.#mode = 'free'
    if (!suspended) return result ?? 0
    exports.asyncify_stop_unwind!()
    const at = this.#stackOf(thread) >> 2
    const stack: number[] = []
    for (let word = at + 2; word < this.words[at]! >> 2; word++) stack.push(this.words[word]!)
    this.#set(thread, { ...this.#threads[thread]!, status: 'stopped', stack, access: this.#stoppedAt! })
    return STOPPED
  }

  #stackOf(thread: number): number {
    return PAGES * PAGE - (thread + 1) * STACK_BYTES
  }

  #note(thread: number, kind: number, address: number, bytes: number): void {
    const { operation } = this.#threads[thread]!
    if (this.shared.note(thread, address, bytes, kind !== LOAD, operation, this.#deaths & 0xff))
      this.learnt = true
  }

  #begins(thread: number): boolean {
    return this.isTimed && this.#threads[thread]!.before < 0
  }

  #stopsAt(thread: number, kind: number, address: number, bytes: number): boolean {
    const mayDie = kind !== LOAD && this.deathsAllowed > 0 && this.#programs[thread]!.mortal
    if (++this.#accesses > ENDLESS) return true
    return this.stopsAlways || mayDie || this.#begins(thread) || this.#isNoticed(thread, kind, address, bytes)
  }

  #isNoticed(thread: number, kind: number, address: number, bytes: number): boolean {
    if (!this.shared.isShared(address, bytes)) return false
    const access = { kind, address, bytes, begins: false }
    return this.#threads.some((_, other) => other !== thread && this.mayConflict(thread, access, other))
  }

  /** The access whose order among the others' counts for `thread` next; undefined if that cannot be said. */
  nextAccess(thread: number): Access | undefined {
    const { status, access } = this.#threads[thread]!
    return status === 'waiting' || access?.begins ? undefined : access
  }

  /** Whether `access` of `thread` may conflict with what `other` does now or later. */
  mayConflict(thread: number, { kind, address, bytes }: Access, other: number): boolean {
    const { operation } = this.#threads[other]!
    return this.shared.conflicts(thread, address, bytes, kind !== LOAD, other, operation, this.#deaths & 0xff)
  }

  #step(exports: Exports, kind: number, address: number, bytes: number): void {
    if (this.#mode === 'free') {
      if (kind === STORE || kind === READ_MODIFY_WRITE) this.#write(address, bytes)
      return
    }
    const thread = this.#current
    if (this.#mode === 'resuming') {
      exports.asyncify_stop_rewind!()
      this.#mode = 'running'
      this.#effect(kind, address, bytes)
      return
    }
    this.#note(thread, kind, address, bytes)
    if (this.#stopsAt(thread, kind, address, bytes)) {
      const at = this.#stackOf(thread)
      this.words[at >> 2] = at + 8
      this.words[(at >> 2) + 1] = at + STACK_BYTES
      this.#stoppedAt = { kind, address, bytes, begins: this.#begins(thread) }
      this.#mode = 'suspending'
      exports.asyncify_start_unwind!(at)
      return
    }
    this.#effect(kind, address, bytes)
  }

  #effect(kind: number, address: number, bytes: number): void {
    if (kind === NOTIFY) this.#notify(address)
    else if (kind !== LOAD) this.#write(address, bytes)
  }

  /** Whoever sleeps on the word goes on once the notifier has come to its next stop. */
  #notify(address: number): void {
    this.#threads.forEach((state, thread) => {
      if (state.status !== 'asleep') return
      if ((state.request as { sleep: number }).sleep === address)
        this.#set(thread, { ...state, status: 'woken' })
    })
  }

  #write(address: number, bytes: number): void {
    const last = (address + bytes - 1) >> 2
    for (let word = address >> 2; word <= last; word++) {
      if (this.#isWritten[word]) continue
      this.#isWritten[word] = 1
      this.#written.push(word)
    }
  }
}

/** An operation that has had the answers in `state` and no more. */
function replay(operation: Operation, state: ThreadState): Live {
  const steps = operation.run(state.memory)
  steps.next()
  for (const answer of state.log) steps.next(answer)
  return { steps, operation: state.operation, log: state.log }
}
