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

const FRAME = /^\s*at (async )?(?:(.*?) \()?(.*?)(:\d+:\d+)?\)?$/

/** Host's functions that resume others, which nobody has called. */
const RESUMES = /processTicksAndRejections|drainTicks|runMicrotasks|drainMicrotasks/

const folders: string[] = []

/** Says that the modules beside this one are the library's: its users want to see frames of their own. Not if it is in a bundle. */
export function libraryFolder(moduleUrl: string): void {
  const folder = new URL('.', moduleUrl)
  if (/\/(stack|lock-order)\.[jt]s(\?|$)/.test(moduleUrl)) folders.push(folder.href, decodeURI(folder.pathname))
}

libraryFolder(import.meta.url)

/** Where the code was that took it: who called and who waits for whom, of the user's own functions. */
export class Stack {
  readonly #error: Error
  #frames: Frame[] | undefined

  /** Costs a few microseconds; the text is made when it is asked for. */
  constructor() {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = LIMIT
    this.#error = new Error()
    Error.stackTraceLimit = stackTraceLimit
  }

  get #all(): Frame[] {
    this.#frames ??= (this.#error.stack ?? '')
      .split('\n')
      .filter(line => /^\s*at /.test(line))
      .map(frameOf)
    return this.#frames
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
    const called = waiting < 0 ? frames : frames.slice(0, waiting)
    const outermost = called.findLast(frame => !RESUMES.test(frame.text))
    return outermost?.from === 'user' && outermost.function === fn
  }

  /** The user's own frames, as lines. */
  toString(indent = ''): string {
    const own = this.#all.filter(frame => frame.from === 'user')
    const shown = own.length > 0 ? own.map(frame => frame.text) : ['(no code of the program)']
    return shown.map(line => `${indent}${line}`).join('\n')
  }
}

function frameOf(line: string): Frame {
  const [, waits, name = '', file] = FRAME.exec(line)!
  const isHost = !/[/\\]/.test(file) || /^(node|ext|bun|internal|native):/.test(file)
  const isLibrary =
    file.includes('/@millrace/') ||
    folders.some(folder => file.startsWith(folder) && /^[\w-]+\.[jt]s$/.test(file.slice(folder.length)))
  const bare = name.replace(/ \[as .*$/, '').replace(/^.*\./, '')
  return {
    text: line.trim(),
    function: `${bare === '<anonymous>' ? '' : bare}@${file}`,
    waits: waits !== undefined,
    from: isHost ? 'host' : isLibrary ? 'library' : 'user',
  }
}
