// A channel of Go: a bounded first-in-first-out queue that can be closed.

import { CLOSED, OK, WOULD_BLOCK } from './kernel-constants.js'
import type { Specification } from './linearizability.js'
import type { Outcome } from './program.js'

interface Channel {
  readonly values: readonly number[]
  readonly closed: boolean
}

type Answer = readonly (readonly [outcome: Outcome, next: Channel])[]

/**
 * `send(value)` answers a status, `receive` a status or [value], `receiveMany(max)` a status or a list of values (it may
 * take fewer than there are), `close` a status. Operations that wait answer like these, but never WOULD_BLOCK.
 */
export function channelSpecification(capacity: number): Specification<Channel> {
  const answers = ({ values, closed }: Channel, name: string, value: Outcome | undefined): Answer => {
    const same: Channel = { values, closed }
    const empty = closed ? CLOSED : WOULD_BLOCK
    switch (name) {
      case 'send':
        if (closed) return [[CLOSED, same]]
        if (values.length >= capacity) return [[WOULD_BLOCK, same]]
        return [[OK, { values: [...values, value as number], closed }]]
      case 'receive':
        if (values.length === 0) return [[empty, same]]
        return [[[values[0]!], { values: values.slice(1), closed }]]
      case 'receiveMany':
        if (values.length === 0) return [[empty, same]]
        return values
          .slice(0, value as number)
          .map((_, i) => [values.slice(0, i + 1), { values: values.slice(i + 1), closed }] as const)
      case 'close':
        return closed ? [[CLOSED, same]] : [[OK, { values, closed: true }]]
      case 'length':
        return [[values.length, same]]
      default:
        throw new Error(`a channel does not ${name}`)
    }
  }
  return {
    initial: { values: [], closed: false },
    apply(state, name, value, outcome) {
      const wanted = JSON.stringify(outcome)
      return answers(state, name, value)
        .filter(([answer]) => outcome === undefined || JSON.stringify(answer) === wanted)
        .map(([, next]) => next)
    },
  }
}
