import { isBundled } from './bundle.js'

/** One line of a stack. */
interface Frame {
  /** As the host writes it. */
  readonly text: string
  /** The function's name and its file. The name does not tell who is the receiver. */
  readonly function: string
  /** It waits for the frame before it. Other frames have called the one before them. */
  readonly waits: boolean
  readonly from: 'user' | 'library' | 'host'
}

/** Frames that a stack may have: what is of interest is often far from where it was taken. */
const LIMIT = 64

/** Frames that are shown of one. */
const SHOWN = 10

const INSTALLED = /[/\\]node_modules[/\\]/

const FRAME = /^\s*at (async )?(?:(.*?) \()?(.*?)(:\d+:\d+)?\)?$/

/** Host's functions that resume others, which nobody has called. */
const RESUMES = /processTicksAndRejections|runNextTicks|drainTicks|runMicrotasks|drainMicrotasks/

const folders: string[] = []

/** Says that the modules beside this one are the library's: its users want to see frames of their own. Not if it is in a user's bundle. */
export function libraryFolder(moduleUrl: string): void {
  if (isBundled || !/\/(core|stack|sync|lock-order)\.[jt]s(\?|$)/.test(moduleUrl)) return
  // What runs, and what source maps make of it.
  for (const path of ['.', '../src/']) {
    const folder = new URL(path, moduleUrl)
    folders.push(folder.href, decodeURI(folder.pathname))
  }
}

libraryFolder(import.meta.url)

/** Where the code was that took it: who called and who waits for whom, of the user's own functions. */
export class Stack {
  #error: Error | undefined
  #frames: Frame[] | undefined

  /** Costs a few microseconds; the text is made when it is asked for. */
  constructor() {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = LIMIT
    this.#error = new Error()
    Error.stackTraceLimit = stackTraceLimit
  }

  get #all(): Frame[] {
    this.#frames ??= framesOf(this.#error!)
    this.#error = undefined
    return this.#frames
  }

  /** Makes the text now. Until then it keeps alive whatever the functions on it belong to. */
  letGo(): void {
    void this.#all
  }

  /** Whether the library's own frames can be told from the user's: not in a bundle. */
  get isClear(): boolean {
    return folders.length > 0
  }

  /** The innermost function: what has called the library. */
  get caller(): string | undefined {
    return this.#all.find(frame => frame.from === 'user')?.function
  }

  /** Whether `fn` is on it. */
  has(fn: string): boolean {
    return this.#all.some(frame => frame.function === fn && frame.from === 'user')
  }

  /** Whether `fn` is on it and has waited for something before: it goes on now, or it waits for what is on top. */
  hasGoneOnIn(fn: string): boolean {
    const frames = this.#all
    const waiting = frames.findIndex(frame => frame.waits)
    if (waiting >= 0 && frames.slice(waiting).some(frame => frame.waits && frame.function === fn)) return true
    const resumed = frames.findIndex(frame => frame.waits || RESUMES.test(frame.text))
    const outermost = frames.at(resumed < 0 ? -1 : resumed - 1)
    return outermost?.from === 'user' && outermost.function === fn
  }

  /** Whether the program has a part in it. */
  get isOfProgram(): boolean {
    return this.caller !== undefined
  }

  /** The program's own frames, as lines: those of installed packages only if there are no others. */
  toString(indent = ''): string {
    const users = this.#all.filter(frame => frame.from === 'user')
    const own = users.filter(frame => !INSTALLED.test(frame.text))
    return (own.length > 0 ? own : users)
      .slice(0, SHOWN)
      .map(frame => `${indent}${frame.text}`)
      .join('\n')
  }
}

/** Node's types do not know it. */
type AsyncSite = NodeJS.CallSite & { isAsync?(): boolean }

function framesOf(error: Error): Frame[] {
  const own = Error.prepareStackTrace
  if (!own) return linesOf(error.stack).map(line => frameOf(line, line))
  // Whoever maps stacks to sources may leave out who waits for whom: that is asked of the host. What is shown is mapped.
  let raw: string[] = []
  Error.prepareStackTrace = (error, sites) => {
    raw = sites.map(
      site => `at ${(site as AsyncSite).isAsync?.() ? 'async ' : ''}${String(site).replace(/^async /, '')}`,
    )
    return own(error, sites)
  }
  const shown = linesOf(error.stack)
  Error.prepareStackTrace = own
  return raw.length === shown.length
    ? raw.map((line, i) => frameOf(line, shown[i]))
    : shown.map(line => frameOf(line, line))
}

const linesOf = (stack: unknown): string[] =>
  String(stack)
    .split('\n')
    .filter(line => /^\s*at /.test(line))

function frameOf(line: string, shown: string): Frame {
  const [, waits, name = '', file] = FRAME.exec(line)!
  const isHost = !/[/\\]/.test(file) || /^(node|ext|bun|internal|native):/.test(file)
  const isLibrary =
    file.includes('/@millrace/') ||
    folders.some(folder => file.startsWith(folder) && /^[\w-]+\.[jt]s$/.test(file.slice(folder.length)))
  const bare = name.replace(/ \[as .*$/, '').replace(/^.*\./, '')
  return {
    text: shown.trim(),
    function: `${bare === '<anonymous>' ? '' : bare}@${file}`,
    waits: waits !== undefined,
    from: isHost ? 'host' : isLibrary ? 'library' : 'user',
  }
}
