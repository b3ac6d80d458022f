import { DataCloneError, SHARE, SHARE_HERE } from '@millrace/kernel'

/**
 * Says that the instances of a class stay on their thread: sending one is refused, with its path and its class in the message, where
 * it would otherwise arrive as an object without its private state. `name` is what it is called there, if not as its class.
 *
 * @example
 * class Lock {}
 * stayOnThread(Lock)
 */
export function stayOnThread(Class: abstract new (...args: never[]) => object, name = Class.name): void {
  const refuse = (): never => {
    throw new DataCloneError(`it is a ${name}, which stays on the thread where it was made`, '')
  }
  Object.defineProperty(Class.prototype, SHARE, { value: refuse })
  Object.defineProperty(Class.prototype, SHARE_HERE, { value: refuse })
}
