import { background, contextKey, withCancel, withValue } from '@millrace/core'
import type { Ways } from '../../contestant.js'
import { itself, nsEach } from '../../measure.js'

const key = contextKey<string>('@millrace/benchmarks/key')

async function commonParent(count: number): Promise<number> {
  const [parent, cancelParent] = withCancel(withValue(background(), key, 'value'))
  const run = (n: number): number => {
    let found = 0
    let x = 0
    for (let i = 0; i < n; i++) {
      const [ctx, cancel] = withCancel(parent)
      if (ctx.value(key) === 'value') found++
      for (let k = 0; k < 100; k++) x = (x / (x + 1)) | 0
      cancel()
      for (let k = 0; k < 100; k++) x = (x / (x + 1)) | 0
    }
    return found + x
  }
  const took = await nsEach(count, run, itself)
  cancelParent()
  return took
}

export const contextWays: Ways = { 'context/common-parent': { 'plain await': commonParent } }
