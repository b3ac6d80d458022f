import type { Thread } from '@millrace/kernel'
import {
  COUNT,
  ENTRY,
  GRANTED,
  HELD,
  HOLDER,
  LINE,
  type MonitorLedger,
  OUTCOME,
  TICKET,
} from './monitor-ledger.js'
import { LOST, PASS, type Rules } from './monitor-rules.js'

// What threads leave behind in a shared monitor when they die. Whoever makes the next change of it takes that out, before all else; and
// looks who is alive after the record was read, never before, so that nobody who is in it has died and been replaced.

/** Takes out whose threads have died, and gives back what they held. */
export function forgetTheDead(thread: Thread, life: number, rules: Rules, ledger: MonitorLedger): void {
  const { numbers } = ledger
  const { gated } = rules
  if (gated && numbers[0] !== 0 && numbers[0] !== LOST && numbers[0] !== thread.id + 1) {
    if (!thread.kernel.threadIsAlive(numbers[0] - 1)) numbers[0] = LOST
  }
  const isAlive = (other: number): boolean => other === life || thread.kernel.lifeIsAlive(other) !== 0
  for (let entry = ledger.holders - ENTRY; entry >= ledger.entries; entry -= ENTRY) {
    if (isAlive(numbers[entry])) continue
    // It was let pass and never knew: so it changed nothing. (Told that somebody else was lost, it held nothing.)
    const granted = numbers[entry + GRANTED]
    if (granted > 0 && numbers[entry + OUTCOME] === PASS) {
      if (gated && numbers[0] === LOST) numbers[0] = 0
      rules.passLost?.(numbers, numbers[entry + LINE], granted)
      giveBackGrants(rules, ledger, entry)
    }
    if (numbers[entry + COUNT] > 0)
      rules.waiterLost?.(numbers, numbers[entry + LINE], numbers[entry + TICKET])
    ledger.dropEntry(entry)
    ledger.isChanged = true
  }
  for (let holder = ledger.end - HOLDER; holder >= ledger.holders; holder -= HOLDER) {
    if (isAlive(numbers[holder])) continue
    rules.ownerLost?.(numbers, numbers[holder + HELD], true)
    ledger.dropHolder(holder)
    ledger.isChanged = true
  }
}

/** What those took who were let pass and never knew. */
function giveBackGrants(rules: Rules, ledger: MonitorLedger, entry: number): void {
  const { numbers } = ledger
  const held = rules.held?.(numbers[entry + LINE], numbers[entry + TICKET]) ?? 0
  if (held === 0) return
  const amount = held * numbers[entry + GRANTED]
  ledger.hold(numbers[entry], -amount)
  rules.ownerLost?.(numbers, amount, false)
}
