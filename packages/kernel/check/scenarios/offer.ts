// Operations on an unbuffered channel that are offered before they are posted: alone, to others that are offered, to some that are
// posted, that only try, and that close; and with a death at every place.

import type { Scenario } from '../scenario.js'
import { rendezvousScenario } from './rendezvous.js'

export const offerScenarios: readonly Scenario[] = [
  rendezvousScenario([['a! only offers'], ['a? only offers']]),
  rendezvousScenario([['a! only offers'], ['a? only offers']], { deaths: 1 }),
  rendezvousScenario([['a! only offers'], ['a! only offers'], ['a? only offers']]),
  rendezvousScenario([['a! only offers'], ['a? now']], { deaths: 1 }),
  rendezvousScenario([['a! offers'], ['a? now']]),
  rendezvousScenario([['a! offers'], ['a close']]),
  rendezvousScenario([['a! offers'], ['a?']]),
  rendezvousScenario([['a! offers'], ['a? offers']]),
  rendezvousScenario([['a! offers', 'b?'], ['a? offers']], { looks: 1 }),
  rendezvousScenario([['b? only offers'], ['a! offers', 'b!']]),
  rendezvousScenario([['a! offers'], ['a? now']], { deaths: 1, long: true }),
  rendezvousScenario([['a! offers'], ['a close']], { deaths: 1, long: true }),
  rendezvousScenario([['a! only offers'], ['a?']], { deaths: 1, long: true }),
  rendezvousScenario([['a! only offers'], ['a! only offers'], ['a? only offers']], { deaths: 1, long: true }),
  rendezvousScenario([['a! offers'], ['a?']], { deaths: 1, long: true }),
  rendezvousScenario([['a! offers'], ['a? offers']], { deaths: 1, long: true }),
  rendezvousScenario([['a! offers'], ['a! only offers'], ['a?']], { long: true }),
  rendezvousScenario([['a! offers'], ['a! offers'], ['a? now']], { long: true }),
  rendezvousScenario(
    [
      ['a! offers', 'b?'],
      ['a? offers', 'b!'],
    ],
    { long: true },
  ),
  rendezvousScenario([['a! offers', 'b?'], ['a? offers'], ['b! now']], { looks: 1, long: true }),
  rendezvousScenario([['a! offers', 'b?'], ['a? offers']], { looks: 1, deaths: 1, long: true }),
]
