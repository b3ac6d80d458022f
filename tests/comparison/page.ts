import { readFileSync } from 'node:fs'
import { breakerTopic } from './breakers.js'
import type { Situation, Topic } from './situation.js'
import { threadTopic } from './threads.js'
import { waitingTopic } from './waiting.js'

const topics = [breakerTopic, waitingTopic, threadTopic]

const { devDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { devDependencies: Record<string, string> }

const nameOf = (contestant: string): string =>
  contestant === 'millrace' ? 'Millrace' : `${contestant} ${devDependencies[contestant]}`

/** `owner/name#7`, as a link to it. */
function linkTo(report: string): string {
  const [repository, number] = report.split('#') as [string, string]
  return `[${repository.split('/')[1]} ${number}](https://github.com/${repository}/issues/${number})`
}

const row = (cells: string[]): string => `| ${cells.join(' | ')} |`

async function rowOf(topic: Topic, { name, tries }: Situation): Promise<string> {
  const cells: string[] = []
  for (const contestant of topic.contestants) cells.push((await tries[contestant]?.()) ?? '–')
  return row([name, ...cells])
}

async function sectionOf(topic: Topic): Promise<string> {
  const rows: string[] = []
  for (const situation of topic.situations) rows.push(await rowOf(topic, situation))
  const reports = topic.reports.map(linkTo).join(', ')
  const head = ['', ...topic.contestants.map(nameOf)]
  return [
    `## ${topic.title}`,
    '',
    topic.about,
    '',
    row(head),
    row(head.map(() => '---')),
    ...rows,
    '',
    ...(reports ? [`Reported, among others, as ${reports}.`, ''] : []),
  ].join('\n')
}

/** What Millrace does, by the name of the situation: what must hold whatever others do. */
export async function ownRows(): Promise<Record<string, string>> {
  const rows: Record<string, string> = {}
  for (const { situations } of topics) {
    for (const { name, tries } of situations) rows[name] = await tries.millrace!()
  }
  return rows
}

/** docs/patterns/compared.md: every cell is what has just happened. */
export async function comparedPage(): Promise<string> {
  const sections: string[] = []
  for (const topic of topics) sections.push(await sectionOf(topic))
  return `<!-- Made by tests/comparison/run.ts, which tries everything that it says: node tests/dist/comparison/run.js -->

# Compared

What people report of the libraries that they use for one pattern alone, tried with each of them and with Millrace. Every cell is what
happened when it was tried, with the versions named; a dash says that a library does not do that kind of thing. These libraries are good
at much that is not listed here: what is listed is where waiting, giving up and threads meet.

${sections.join('\n')}`
}
