import { background, type Context, fromSignal, signalOf, type WaitOptions } from '@millrace/core'

/** The context that `options` are, or that ends with their signal. @throws {TypeError} They are neither. */
export function contextOf(options: WaitOptions | undefined): Context {
  if (isContext(options)) return options
  const signal = options && signalOf(options)
  return signal ? fromSignal(signal) : background()
}

const isContext = (options: WaitOptions | undefined): options is Context =>
  typeof (options as Context | undefined)?.err === 'function'
