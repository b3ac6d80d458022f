// What has to be reached, and how it stands after a run.

import {
  bestOf,
  isMeasured,
  isPeer,
  nameOf,
  newestMillrace,
  type Results,
  resultsOf,
  timesAsGood,
  valuesOf,
} from './results.js'
import { coreNames, type ScenarioName, scenarioNames } from './scenarios.js'
import { geometricMean, median } from './statistics.js'

export interface Verdict {
  readonly goal: string
  /** Undefined where there is nothing to tell it by. */
  readonly isMet?: boolean
  /** At what: figures in words. */
  readonly at: string
}

type Goal = (results: Results, millrace: string) => Verdict

const NOT_MEASURED = 'not measured'
const round = (value: number): string => value.toPrecision(3).replace(/e\+?(-?\d+)$/, ' × 10^$1')

/**
 * The geometric mean over scenarios of how many times as good as `base` Millrace is in the best of those of `ways` that the
 * scenario has. Where that is too little, beside it what the language takes alone: the ways of the floor that `floor` names.
 */
const times =
  (
    goal: string,
    names: readonly ScenarioName[],
    ways: readonly string[],
    base: (millrace: string) => string,
    atLeast: number,
    floor?: RegExp,
  ): Goal =>
  (results, millrace) => {
    const all = names.flatMap(name => {
      const rows = resultsOf(results, name)
      const against = (row: string) => timesAsGood(rows, row, base(millrace))
      // Some is not measured on the newest Node.
      const [own] = [millrace, 'millrace'].flatMap(name => {
        const known = ways.flatMap(way => against(way === '' ? name : `${name}: ${way}`) ?? [])
        return known.length > 0 ? [Math.max(...known)] : []
      })
      if (own === undefined) return []
      const least = floor && bestOf(rows, row => row.contestant.startsWith('floor') && floor.test(row.way))
      return [{ own, least: least && against(nameOf(least)) }]
    })
    if (all.length === 0) return { goal, at: NOT_MEASURED }
    const mean = geometricMean(all.map(({ own }) => own))
    const missing = names.length - all.length
    const at = `${round(mean)} ×${missing > 0 ? ` (without ${missing} of ${names.length} that were not measured)` : ''}`
    return mean >= atLeast ? { goal, isMet: true, at } : { goal, isMet: false, at: at + languageAlone(all) }
  }

function languageAlone(all: readonly { own: number; least?: number }[]): string {
  const known = all.filter((one): one is { own: number; least: number } => one.least !== undefined)
  if (known.length === 0) return ''
  const least = round(geometricMean(known.map(({ least }) => least)))
  if (all.length === 1) return `; what the language takes for it alone is ${least} ×`
  const own = round(geometricMean(known.map(({ own }) => own)))
  return `; in ${known.length} of these ${all.length} it is known what the language takes alone: ${least} ×, and Millrace ${own} ×`
}

/** A value of Millrace at most `limit`, or at most so many times another's. */
const atMost =
  (
    goal: string,
    name: ScenarioName,
    way: string,
    limit: number | { times: number; of: string },
    unit = '',
  ): Goal =>
  (results, millrace) => {
    const rows = resultsOf(results, name)
    const values =
      valuesOf(rows, way === '' ? millrace : `${millrace}: ${way}`) ??
      valuesOf(rows, way === '' ? 'millrace' : `millrace: ${way}`)
    if (!values) return { goal, at: NOT_MEASURED }
    const value = median(values)
    if (typeof limit === 'number') {
      return { goal, isMet: value <= limit, at: `${round(value)} ${unit}`.trim() }
    }
    const other = valuesOf(rows, limit.of)
    if (!other) return { goal, at: NOT_MEASURED }
    return {
      goal,
      isMet: value <= limit.times * median(other),
      at: `${round(value)} to ${round(median(other))} ${unit}`.trim(),
    }
  }

/** The part of a contestant's name that says on which Node, where that is not the one that all have. */
const hostOf = ({ contestant }: { contestant: string }): string => / on .*$/.exec(contestant)?.[0] ?? ''

/** Millrace's best way before each peer's in each scenario that both can do on one Node: the least ratio of each scenario. */
const aheadOfPeers: Goal = results => {
  const goal = 'ahead of every JavaScript peer in every row'
  const compared = scenarioNames.flatMap(name => {
    const rows = resultsOf(results, name)
    if (/^grow\/|^start\//.test(name)) return []
    const ratios = ['', ...new Set(rows.filter(isPeer).map(hostOf))].flatMap(host => {
      const peer = bestOf(rows, row => isPeer(row) && hostOf(row) === host)
      const own = bestOf(rows, row => row.contestant === `millrace${host}`)
      return peer && own
        ? [{ name, peer: peer.contestant, ratio: median(peer.values) / median(own.values) }]
        : []
    })
    return ratios.sort((a, b) => a.ratio - b.ratio).slice(0, 1)
  })
  if (compared.length === 0) return { goal, at: NOT_MEASURED }
  const behind = compared.filter(({ ratio }) => ratio < 1)
  const list = behind.map(({ name, peer, ratio }) => `${name} (${peer}, ${round(ratio)} ×)`).join(', ')
  return {
    goal,
    isMet: behind.length === 0,
    at:
      behind.length === 0
        ? `${compared.length} rows`
        : `behind in ${behind.length} of ${compared.length}: ${list}`,
  }
}

const FLAT = 1.5

/** The dearest size costs at most so many times the cheapest. */
const flat =
  (name: ScenarioName): Goal =>
  (results, millrace) => {
    const goal = `${name}: the dearest size at most ${FLAT} × the cheapest`
    const rows = resultsOf(results, name)
    /** Undefined where a size is missing: what fails at the largest is not flat. */
    const spreadOf = (contestant: string): number | undefined => {
      const own = rows.filter(row => row.contestant === contestant)
      if (own.length === 0 || !own.every(isMeasured)) return undefined
      const figures = own.map(row => median(row.values))
      return Math.max(...figures) / Math.min(...figures)
    }
    // As elsewhere: some is not measured on the newest Node.
    const host = rows.some(row => row.contestant === millrace) ? millrace : 'millrace'
    const spread = spreadOf(host)
    if (spread === undefined) return { goal, at: NOT_MEASURED }
    const isMet = spread <= FLAT
    const [least, go] = [host.replace('millrace', 'floor'), 'go'].map(spreadOf)
    const others = [
      ...(least === undefined ? [] : [`what the language takes alone ${round(least)} ×`]),
      ...(go === undefined ? [] : [`Go ${round(go)} ×`]),
    ]
    const beside = isMet || others.length === 0 ? '' : `; ${others.join(', ')}`
    return { goal, isMet, at: `${round(spread)} ×${beside}` }
  }

const go = () => 'go'
const threads = scenarioNames.filter(name => name.startsWith('crossbeam-threads/'))
const multithreading = (millrace: string): string => millrace.replace('millrace', 'multithreading')
const TYPED = ['typed, plain await']
/** Ways of the floor: with promises, and without. */
const AWAITS = /await|promise|alone/
const TRIES = /^rings for two threads$/
const PLAIN_AND_TRIED = [
  ['plain await', AWAITS],
  ['try first, else await', TRIES],
] as const

const goals: readonly Goal[] = [
  times('one thread, plain await, core: at least 1 × Go', coreNames, ['plain await'], go, 1, AWAITS),
  times('one thread, as a user would, core: at least 2 × Go', coreNames, ['try first', 'plain await'], go, 2),
  aheadOfPeers,
  times("two threads, crossbeam's programs, typed: at least 0.7 × Go", threads, TYPED, go, 0.7, AWAITS),
  times(
    'two threads, spsc with capacity N, typed: at least 1 × Go',
    ['crossbeam-threads/spsc-N'],
    TYPED,
    go,
    1,
    AWAITS,
  ),
  times(
    'fractions between threads, plain await: at least 1 × Go',
    ['chan/stream'],
    ['typed, fractions'],
    go,
    1,
    AWAITS,
  ),
  times(
    'fractions between threads, trySend and receiveMany: at least 3 × Go',
    ['chan/stream'],
    ['typed, fractions, try first and receiveMany'],
    go,
    3,
    TRIES,
  ),
  times('rendezvous of two threads: at least 0.5 × Go', ['crossbeam-threads/spsc-0'], TYPED, go, 0.5, AWAITS),
  times(
    'a shared channel that nobody else uses, trySend and tryReceive: at least 1 / 1.2 × Go',
    ['chan/pair-try'],
    ['shared channel'],
    go,
    1 / 1.2,
  ),
  ...PLAIN_AND_TRIED.map(([way, floor]) =>
    times(
      `numbers between threads, ${way}: at least 20 × postMessage`,
      ['chan/stream'],
      [way],
      () => 'postmessage: a message each',
      20,
      floor,
    ),
  ),
  times(
    'objects between threads: at least 3 × postMessage',
    ['payload/object-100'],
    [''],
    () => 'postmessage',
    3,
  ),
  times(
    'messages between threads: at least 5 × multithreading',
    ['chan/stream'],
    ['plain await'],
    multithreading,
    5,
  ),
  times(
    'objects between threads: at least 5 × multithreading',
    ['payload/object-100'],
    [''],
    multithreading,
    5,
  ),
  times('tasks: at least 5 × multithreading', ['go/in-flight', 'go/one-at-a-time'], [''], multithreading, 5),
  times('tasks in flight: at least 5 × piscina', ['go/in-flight'], [''], () => 'piscina', 5),
  times('tasks one at a time: at least 5 × piscina', ['go/one-at-a-time'], [''], () => 'piscina', 5),
  atMost(
    'a parked goroutine: fewer bytes of heap than Go',
    'go/parked-heap',
    'local channel',
    { times: 1, of: 'go' },
    'bytes',
  ),
  atMost(
    'a parked goroutine: fewer bytes of RSS than Go',
    'go/parked-rss',
    'local channel',
    { times: 1, of: 'go' },
    'bytes',
  ),
  atMost('import of core: at most 15 ms', 'start/import', 'core', 15, 'ms'),
  atMost('core with the kernel: at most 25 KB', 'start/bundle', 'core with the kernel', 25 * 1024, 'bytes'),
  atMost(
    'first parallel goroutine: at most 1.5 × the start of a bare Worker',
    'start/goroutine',
    '',
    { times: 1.5, of: 'postmessage: a Worker of Node, and a message from it' },
    'ms',
  ),
  times(
    'CPU fan-out over two threads: at least 1.8 × one',
    ['go/fan-out'],
    ['two threads'],
    millrace => `${millrace}: one thread`,
    1.8,
  ),
  atMost(
    'waking an idle thread: no longer than MessagePort takes',
    'wake/p50',
    '',
    { times: 1, of: 'postmessage' },
    'µs',
  ),
  atMost(
    'idle threads: no more CPU time than those of Worker and MessagePort',
    'wake/idle-cpu',
    '',
    { times: 1, of: 'postmessage' },
    'µs a second',
  ),
  flat('grow/messages'),
  flat('grow/messages-threads'),
  flat('grow/channels'),
  flat('grow/waiters'),
]

/** How each goal stands. */
export function verdicts(results: Results): Verdict[] {
  const millrace = newestMillrace(results)
  return goals.map(goal => goal(results, millrace))
}

export function verdictLine({ goal, isMet, at }: Verdict): string {
  const how = isMet === undefined ? at : `**${isMet ? 'met' : 'missed'}**, at ${at}`
  return `${goal.charAt(0).toUpperCase()}${goal.slice(1)}: ${how}.`
}
