// From measurements to a picture: how many times as fast as Go Millrace is, and the best JavaScript peer, a bar each.

import { bestOf, isPeer, newestMillrace, type Result, type Results } from './results.js'
import { coreNames, type ScenarioName } from './scenarios.js'
import { median } from './statistics.js'

const LEFT = 220
const WIDTH = 620
const BAR = 7
const GAP = 8
const TOP = 64
/** The scale is logarithmic, from a thirtieth to thirty times; what is beyond ends there and says its figure. */
const LIMIT = 30

interface Bar {
  readonly label: string
  readonly colour: string
  readonly times: number
}

const shown = (name: ScenarioName): boolean =>
  (coreNames as readonly string[]).includes(name) || /^(crossbeam|crossbeam-threads|chan\/stream)/.test(name)

const place = (times: number): number => {
  const part = Math.log(Math.min(LIMIT, Math.max(1 / LIMIT, times))) / Math.log(LIMIT)
  return LEFT + (WIDTH / 2) * (1 + part)
}

function bars(results: Results, rows: readonly Result[]): Bar[] {
  const go = bestOf(rows, one => one.contestant === 'go')
  if (!go) return []
  const newest = newestMillrace(results)
  const bar = (label: string, colour: string, which: (one: Result) => boolean): Bar[] => {
    const best = bestOf(rows, which)
    return best ? [{ label, colour, times: median(go.values) / median(best.values) }] : []
  }
  const of = (one: Result): boolean => one.contestant === newest
  return [
    ...bar('as a user would', '#2f6f4f', of),
    ...bar('plain await', '#7fb89a', one => of(one) && /plain await$/.test(one.way)),
    ...bar('best JavaScript peer', '#b0b0b0', isPeer),
  ]
}

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${more}>${content}</text>`

/** The picture as SVG. */
export function plot(results: Results): string {
  const parts: string[] = []
  let y = TOP
  for (const { name, results: rows } of results.scenarios) {
    const own = shown(name) ? bars(results, rows) : []
    if (own.length === 0) continue
    parts.push(text(LEFT - 8, y + own.length * BAR * 0.5 + 4, name, ' text-anchor="end"'))
    for (const { colour, times, label } of own) {
      const [a, b] = [place(1), place(times)].sort((a, b) => a - b)
      const title = `<title>${name}, ${label}: ${times.toPrecision(3)} × Go</title>`
      parts.push(
        `<rect x="${a.toFixed(1)}" y="${y}" width="${Math.max(1, b - a).toFixed(1)}" height="${BAR - 1}" fill="${colour}">${title}</rect>`,
      )
      parts.push(
        text(
          times >= 1 ? b + 4 : a - 4,
          y + BAR - 1,
          times.toPrecision(2),
          ` font-size="8"${times >= 1 ? '' : ' text-anchor="end"'}`,
        ),
      )
      y += BAR
    }
    y += GAP
  }
  const ticks = [1 / 30, 0.1, 0.3, 1, 3, 10, 30].map(
    times =>
      `<line x1="${place(times).toFixed(1)}" x2="${place(times).toFixed(1)}" y1="${TOP - 6}" y2="${y}" stroke="${times === 1 ? '#444' : '#ddd'}"/>${text(
        place(times),
        TOP - 12,
        times < 0.1 ? '1/30' : String(times),
        ' text-anchor="middle"',
      )}`,
  )
  const legend = [
    ['#2f6f4f', 'Millrace, best way'],
    ['#7fb89a', 'Millrace, plain await'],
    ['#b0b0b0', 'best JavaScript peer'],
  ].map(
    ([colour, label], i) =>
      `<rect x="${LEFT + i * 180}" y="12" width="10" height="10" fill="${colour}"/>${text(LEFT + i * 180 + 16, 21, label)}`,
  )
  const width = LEFT + WIDTH + 60
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 16}" viewBox="0 0 ${width} ${y + 16}" font-family="sans-serif" font-size="11" role="img">
<title>How many times as fast as Go: Millrace, and the best JavaScript peer</title>
<rect width="100%" height="100%" fill="#fff"/>
${[...legend, text(8, 21, 'times as fast as Go'), ...ticks, ...parts].join('\n')}
</svg>
`
}
