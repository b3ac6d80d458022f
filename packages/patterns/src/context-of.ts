import { background, type Context, fromSignal, type WaitOptions } from '@millrace/core'

/** The context that `options` are, or that ends with their signal. @throws {TypeError} They are a signal. */
export function contextOf(options: WaitOptions | undefined): Context {
  if (isContext(options)) return options
  if (options instanceof AbortSignal) {
    throw new TypeError('options must be { signal } or a Context, got the AbortSignal itself')
  }
  return options?.signal ? fromSignal(options.signal) : background()
}

const isContext = (options: WaitOptions | undefined): options is Context =>
  typeof (options as Context | undefined)?.err === 'function'
