// Bugs that one could have written, and the scenarios that must find them.

import type { Mutation } from './check-kernel.js'
import type { Scenario } from './scenario.js'
import { cancellationScenarios } from './scenarios/cancellation.js'
import { heapScenarios } from './scenarios/heap.js'
import { parkingScenarios } from './scenarios/parking.js'
import { recordScenarios } from './scenarios/record.js'
import { referenceScenarios } from './scenarios/reference.js'
import { rendezvousScenarios } from './scenarios/rendezvous.js'
import { ringScenarios } from './scenarios/ring.js'

export interface Mutant extends Mutation {
  readonly name: string
  /** Only with MILLRACE_LONG=1: each is a build of its own, and takes a second. */
  readonly long?: boolean
  readonly scenarios: readonly Scenario[]
}

export const mutants: readonly Mutant[] = [
  {
    name: 'two receivers may take the same value',
    file: 'ring.ts',
    from: 'if (cas64(ring + RING_HEAD, head, head + 1)) {',
    to: 'store64(ring + RING_HEAD, head + 1)\n      if (true) {',
    scenarios: ringScenarios,
  },
  {
    name: 'two senders may fill the same slot',
    long: true,
    file: 'ring.ts',
    from: 'if (cas64(at, seen, filled(tail, value, 0))) {',
    to: 'store64(at, filled(tail, value, 0))\n    if (true) {',
    scenarios: ringScenarios,
  },
  {
    name: 'a sender passes the seal',
    file: 'ring.ts',
    from: 'if (isSealed(seen)) return CLOSED\n      cas64(ring + RING_TAIL, tail, tail + 1) // help',
    to: 'cas64(ring + RING_TAIL, tail, tail + 1) // help',
    scenarios: ringScenarios,
  },
  {
    name: 'a sender that has died before it moved the tail is not helped',
    long: true,
    file: 'ring.ts',
    from: 'cas64(ring + RING_TAIL, tail, tail + 1) // help a sender that has filled its slot and not moved the tail\n',
    to: '\n',
    scenarios: ringScenarios,
  },
  {
    name: 'a batch is taken from a head that has moved',
    long: true,
    file: 'ring.ts',
    from: 'if (cas64(ring + RING_HEAD, head, head + <u64>count)) {',
    to: 'if (cas64(ring + RING_HEAD, load64(ring + RING_HEAD), head + <u64>count)) {',
    scenarios: ringScenarios,
  },
  {
    name: 'who parks does not look once more',
    file: 'ring.ts',
    from: '  interestArm(me, ring, direction)\n  return direction == RECEIVE ? ringCanReceive(ring) : ringCanSend(ring)',
    to: '  interestArm(me, ring, direction)\n  return false',
    scenarios: parkingScenarios,
  },
  {
    name: 'who leaves does not pass the baton on',
    long: true,
    file: 'ring.ts',
    from: 'if (!interestDisarm(me, ring, direction)) ringPassBaton(me, ring, direction)',
    to: 'interestDisarm(me, ring, direction)',
    scenarios: parkingScenarios,
  },
  {
    name: 'who raises the bell does not look into the mailbox once more',
    long: true,
    file: 'parking.ts',
    from: 'if (load64(block + SUM) == 0) return true',
    to: 'if (load64(block + SUM) == load64(block + SUM)) return true',
    scenarios: parkingScenarios,
  },
  {
    name: 'a poke rings before it has left its message',
    long: true,
    file: 'parking.ts',
    from: 'if ((load64(thread + SUM) & bit) == 0) or64(thread + SUM, bit)\n  ring(thread)',
    to: 'ring(thread)\n  if ((load64(thread + SUM) & bit) == 0) or64(thread + SUM, bit)',
    scenarios: parkingScenarios,
  },
  {
    name: 'nobody is told to look after a death',
    file: 'threads.ts',
    from: 'if (alive & ((<u64>1) << t)) pokeRescan(t)',
    to: '{}',
    scenarios: parkingScenarios,
  },
  {
    name: 'a rescan does not notify: somebody may have died with the bell in hand',
    long: true,
    file: 'parking.ts',
    from: 'store32(block + BELL, 0)\n  notifyAll(block + BELL)\n}\n\n/** Takes the dirty set',
    to: 'ring(block)\n}\n\n/** Takes the dirty set',
    scenarios: parkingScenarios,
  },
  {
    name: 'a depot whose tag stands still',
    file: 'heap.ts',
    from: '(((seen >> 32) + 1) << 32) | first',
    to: '((seen >> 32) << 32) | first',
    and: { from: '(((seen >> 32) + 1) << 32) | next', to: '((seen >> 32) << 32) | next' },
    scenarios: heapScenarios,
  },
  {
    name: 'two threads may take the same chunk',
    long: true,
    file: 'heap.ts',
    from: 'if (cas32(HEAP_TOP, <u32>top, <u32>end)) {',
    to: 'store32(HEAP_TOP, <u32>end)\n    if (true) {',
    scenarios: heapScenarios,
  },
  {
    name: 'a count that is changed in two steps',
    long: true,
    file: 'doomed.ts',
    from: 'if (add32(reachable(object) + REFS, -1) != 1) return',
    to: 'const refs = load<u32>(object, REFS) - 1\n  store<u32>(object, refs, REFS)\n  if (refs != 0) return',
    scenarios: referenceScenarios,
  },
  {
    name: 'a reaper touches what the dead thread does not hold',
    file: 'threads.ts',
    from: 'if (holds && kind == KIND_RENDEZVOUS)',
    to: 'if (kind == KIND_RENDEZVOUS)',
    scenarios: referenceScenarios,
  },
  {
    name: 'a state that is published before its cause',
    file: 'cancellation.ts',
    from: 'store32(cancellation + CAUSE, cause)\n  if (cas32(cancellation + STATE, 0, state)) wakeAll',
    to: 'const first = cas32(cancellation + STATE, 0, state)\n  store32(cancellation + CAUSE, cause)\n  if (first) wakeAll',
    scenarios: cancellationScenarios,
  },
  {
    name: 'a context outlives the thread that made it',
    file: 'cancellation.ts',
    from: 'return last != 0 ? last : LOST',
    to: 'return last',
    scenarios: cancellationScenarios,
  },
  {
    name: 'an end that was written just before its owner died is overlooked',
    file: 'cancellation.ts',
    from: 'return last != 0 ? last : LOST',
    to: 'return LOST',
    scenarios: cancellationScenarios,
  },
  {
    name: 'who waits for a cancellation looks before it asks to be told',
    long: true,
    file: 'cancellation.ts',
    from: 'interestArm(me, cancellation, RECEIVE)\n  return load32(cancellation, STATE)',
    to: 'const state = load32(cancellation, STATE)\n  interestArm(me, cancellation, RECEIVE)\n  return state',
    scenarios: cancellationScenarios,
  },
  {
    name: 'an operation may be taken twice',
    file: 'token.ts',
    from: 'return cas64(token + WORD, ((<u64>version) << 2) | OPEN, ((<u64>value) << 32) | ((<u64>index) << 2) | TAKEN)',
    to: 'store64(token + WORD, ((<u64>value) << 32) | ((<u64>index) << 2) | TAKEN)\n  return true',
    scenarios: rendezvousScenarios,
  },
  {
    name: 'who opens an operation does not look for a counterpart',
    file: 'rendezvous.ts',
    from: 'if (thread <= me) return true',
    to: 'if (thread <= me) return false',
    scenarios: rendezvousScenarios,
  },
  {
    name: 'a junior is not told to look',
    file: 'rendezvous.ts',
    from: '    poke(thread, channel)\n  }\n  return false\n}',
    to: '  }\n  return false\n}',
    long: true,
    scenarios: rendezvousScenarios,
  },
  {
    name: 'who reads a record does not look at its word once more',
    file: 'record.ts',
    from: 'if (load64(record + WORD) != seen) continue',
    to: '{}',
    scenarios: recordScenarios,
  },
  {
    name: 'a record whose stamp stands still',
    file: 'record.ts',
    from: '(((seen >> 32) + 1) << 32) | (<u64>block << 1)',
    to: '((seen >> 32) << 32) | (<u64>block << 1)',
    scenarios: recordScenarios,
  },
  {
    name: 'a record is replaced whatever it has become',
    long: true,
    file: 'record.ts',
    from: 'if (!cas64(record + WORD, seen, (((seen >> 32) + 1) << 32) | (<u64>block << 1) | hot)) {',
    to: 'store64(record + WORD, (((seen >> 32) + 1) << 32) | (<u64>block << 1) | hot)\n  if (false) {',
    scenarios: recordScenarios,
  },
  {
    name: 'a record’s block is freed before the word is swapped',
    long: true,
    file: 'record.ts',
    from: '  // Publishes the block:',
    to: '  const before = blockOf(seen)\n  if (before != 0) heapFree(me, before)\n  // Publishes the block:',
    and: { from: 'if (old != 0) heapFree(me, old)', to: '{}' },
    scenarios: recordScenarios,
  },
  {
    name: 'a record’s block that was not published is forgotten',
    long: true,
    file: 'record.ts',
    from: 'if (block != 0) heapFree(me, block)\n    return WOULD_BLOCK',
    to: 'return WOULD_BLOCK',
    scenarios: recordScenarios,
  },
  {
    name: 'the gate is read after the swap',
    long: true,
    file: 'record.ts',
    from: 'if (gate != 0) poke(gate - 1, record)',
    to: 'if (gate != 0) poke(load32(block, GATE) - 1, record)',
    scenarios: recordScenarios,
  },
  {
    name: 'the thread at the gate is not poked',
    long: true,
    file: 'record.ts',
    from: 'if (gate != 0) poke(gate - 1, record)',
    to: '{}',
    scenarios: recordScenarios,
  },
  {
    name: 'whoever is at the gate, the record is let as if nobody were to be next',
    long: true,
    file: 'record.ts',
    from: 'if (block != 0 && gate == 0) return WOULD_BLOCK',
    to: '{}',
    scenarios: recordScenarios,
  },
  {
    name: 'two may hold a record',
    long: true,
    file: 'record.ts',
    from: 'if (cas64(record + WORD, seen, seen | (me + 1))) return OK',
    to: 'store64(record + WORD, seen | (me + 1))\n    return OK',
    scenarios: recordScenarios,
  },
  {
    name: 'what a dead thread holds is not lost',
    file: 'record.ts',
    from: 'if ((seen & HOT) != dead + 1 || cas64(record + WORD, seen, seen | LOST)) return',
    to: 'return',
    scenarios: recordScenarios,
  },
]
