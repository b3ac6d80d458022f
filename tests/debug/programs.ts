import process from 'node:process'
import { go, main, runtime } from '@millrace/core'
import { Mutex } from '@millrace/sync'
import { sourceThenTarget, targetThenSource, tellOnStdout } from './fixtures.js'

// Programs that take two locks in both orders, one after the other, so that nothing hangs. Argument: which.

const locks = (): [Mutex, Mutex] => [new Mutex(), new Mutex()]

const programs: Record<string, () => Promise<void>> = {
  async here() {
    const [a, b] = locks()
    await go(() => sourceThenTarget(a, b))
    await go(() => targetThenSource(a, b))
  },

  async 'outside goroutines'() {
    const [a, b] = locks()
    await sourceThenTarget(a, b)
    await targetThenSource(a, b)
  },

  // Each thread knows the orders that it has seen itself.
  async 'on one thread of the pool'() {
    runtime.configure({ threads: 1 })
    const [a, b] = locks()
    await go(sourceThenTarget, a, b)
    await go(targetThenSource, a, b)
  },

  async 'configured, on one thread of the pool'() {
    runtime.configure({ debug: true })
    await programs['on one thread of the pool']()
  },

  async 'with a listener on a thread of the pool'() {
    runtime.configure({ threads: 1 })
    await go(tellOnStdout)
    await programs['on one thread of the pool']()
  },

  async 'configured off'() {
    runtime.configure({ debug: false })
    await programs.here()
  },
}

main(async () => {
  await programs[process.argv[2]]()
  console.log('last')
})
