import { host } from '@millrace/kernel'
import { besideUrl } from './beside.js'
import { ParallelError } from './errors.js'

// In a bundle many modules are one file. So a pool thread, which else begins with the module thread-entry.js, begins there with the
// bundle itself, or the chunk of it that `go` is in, and takes goroutines once that has been run: in each thread there is one copy
// of everything. And functions of one file may have the same name, or, after a minifier, none.

/** Whether this is part of a user's bundle: it is in one file then with what else is a file beside it. */
export const isBundled = import.meta.url === besideUrl

/**
 * A name for a function in a bundle that is not taken there. All threads run the same bundle, so the function's text tells it from
 * others; those of one text, which may mean other things by the same names where modules keep their scopes, are numbered in the
 * order in which the file makes them.
 */
export function nameInBundle(fn: (...args: never[]) => unknown, isTaken: (name: string) => boolean): string {
  const first = `${fn.name || '(anonymous)'} ${hashOf(Function.prototype.toString.call(fn))}`
  let name = first
  for (let n = 2; isTaken(name); n++) name = `${first} ${n}`
  return name
}

/** FNV-1a over UTF-16 code units, twice with different offsets: 64 bits. */
function hashOf(text: string): string {
  let [low, high] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x01000193)
  }
  return [low, high].map(half => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

/**
 * The module that pool threads begin with.
 *
 * @param goUrl Where `go` is: in the bundle, if there is one; else beside thread-entry.js.
 * @throws {ParallelError} A bundler has made the URL of a source file on its own machine of `import.meta.url`.
 */
export function threadEntry(goUrl: string, isBundled: boolean): URL {
  if (host.name === 'web' && goUrl.startsWith('file:')) {
    throw new ParallelError(
      `parallel: the bundler has replaced import.meta.url by ${goUrl}, where no browser finds it (for webpack, set module.parser.javascript.importMeta to false and load the bundle as a module)`,
    )
  }
  return new URL(isBundled ? goUrl : './thread-entry.js', goUrl)
}

/** Why threads that begin with the module at `entry`, which this thread has loaded, would do nothing; undefined if they would not. */
export async function whyNoBeginning(entry: URL): Promise<ParallelError | undefined> {
  const module: object = await import(/* @vite-ignore */ /* webpackIgnore: true */ entry.href)
  return isWebpackChunk(module) ? webpackChunkError(entry.href) : undefined
}

/** Whether a module is one of webpack's chunks: they hold functions for the entry's file to run, and run nothing themselves. */
export const isWebpackChunk = (module: object): boolean =>
  Object.keys(module).some(name => /^__webpack_.*modules__$/.test(name))

export const webpackChunkError = (url: string): ParallelError =>
  new ParallelError(
    `parallel: ${url} is a chunk of webpack's, which does nothing by itself; Millrace and the modules of parallel functions have to be in the entry's own file (take them out of optimization.splitChunks, and do not import() them)`,
  )
