// The MD5 sums of all files in a tree, after "Go Concurrency Patterns: Pipelines and cancellation": one goroutine walks the
// tree, some on the pool's threads read and digest, and the sums come together here. They are one errgroup: the first error
// cancels the context of all, and the call returns when all have ended, whether it went well or not.

import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import {
  background,
  type Context,
  chan,
  main,
  parallel,
  type ReceiveChan,
  runtime,
  type SendChan,
} from '@millrace/core'
import { Group } from '@millrace/errgroup'

interface Sum {
  path: string
  md5: string
}

/** Sends the paths of all files below `folder`. A link stands for the file that it leads to; links to folders are left out. */
async function walk(folder: string, paths: SendChan<string>, ctx: Context): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await walk(path, paths, ctx)
    else if (entry.isFile() || (entry.isSymbolicLink() && !(await isFolder(path))))
      await paths.send(path, ctx)
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    found => found.isDirectory(),
    () => false, // who reads it will say why
  )

export const digest = parallel(
  import.meta.url,
  async function digest(paths: ReceiveChan<string>, sums: SendChan<Sum>, ctx: Context) {
    for await (const path of paths) {
      const content = await readFile(path, { signal: ctx.signal })
      await sums.send({ path, md5: createHash('md5').update(content).digest('hex') }, ctx)
    }
  },
)

/** The sums of all files below `root`, by path. Rejects with the first error, when nothing of it runs any more. */
async function md5All(root: string, parent: Context): Promise<Map<string, string>> {
  const [group, ctx] = Group.withContext(parent)
  const paths = chan<string>(16)
  const sums = chan<Sum>(16)

  await group.go(async () => {
    try {
      await walk(root, paths, ctx)
    } finally {
      paths.close() // no more files: the digesters end
    }
  })
  for (let i = 0; i < 2 * runtime.numCPU(); i++) await group.go(digest, paths, sums, ctx)

  // No more sums: the loop below ends.
  void group
    .wait()
    .catch(() => {})
    .then(() => sums.close())

  const all = new Map<string, string>()
  for await (const { path, md5 } of sums) all.set(path, md5)
  await group.wait() // throws the first error
  return all
}

main(async () => {
  for (const root of process.argv.length > 2 ? process.argv.slice(2) : ['.']) {
    try {
      const sums = await md5All(root, background())
      for (const path of [...sums.keys()].sort()) console.log(`${sums.get(path)}  ${path}`)
    } catch (error) {
      console.log(`${root}: ${(error as Error).message}`)
    }
    console.log(`${root}: ${runtime.numGoroutine()} goroutine is left, main`)
  }
})
