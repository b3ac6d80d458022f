import { host } from '@millrace/kernel'
import { ParallelError } from './errors.js'

// In a bundle many modules are one. So a pool thread, which else begins with the module pool-thread.js, begins there with the
// bundle itself, or the chunk of it that this package is in, and takes goroutines once that has been run: in each thread there is
// one copy of everything. And functions of one file may have the same name, or, after a minifier, none.

/** Whether another module of this package, by its `import.meta.url`, has become one with this one. */
export const isBundledWith = (otherUrl: string): boolean => otherUrl === import.meta.url

/**
 * A name for a function in a bundle. All threads run the same bundle, so the function's text tells it from others there; two of one
 * text, each at the top level of its module, are one and the same.
 */
export function nameInBundle(fn: (...args: never[]) => unknown): string {
  return `${fn.name || '(anonymous)'} ${hashOf(Function.prototype.toString.call(fn))}`
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
 * @throws {ParallelError} A bundler has made the URL of a source file on its own machine of `import.meta.url`.
 */
export function threadEntry(isBundled: boolean): URL {
  const { url } = import.meta
  if (host.name === 'web' && url.startsWith('file:')) {
    throw new ParallelError(
      `parallel: the bundler has replaced import.meta.url by ${url}, where no browser finds it (for webpack, set output.module and module.parser.javascript.importMeta: false)`,
    )
  }
  return new URL(isBundled ? url : './pool-thread.js', url)
}
