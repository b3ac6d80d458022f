// Runs a server so that it can end well: it is told once to stop, drains, and its exit code is ours.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './packages.mjs'
import { exitCodeOf, SIGNALS } from './signals.mjs'

// Closer together than this, two signals are one wish.
const SAME_WISH_MS = 500

/**
 * Starts `entry` with node and answers its exit code.
 *
 * Ctrl-C reaches everything in the terminal, and npm passes it on once more; a server that takes
 * the second for "stop at once" would not drain. So the server gets a process group of
 * its own, and one signal from here for each wish.
 */
export function serve(entry) {
  const ownGroup = process.platform !== 'win32' // there it would open a window of its own
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('served.mjs', import.meta.url)), join(root, entry)],
    {
      cwd: root,
      detached: ownGroup,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    },
  )

  const lastAt = new Map()
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const now = performance.now()
      const since = now - (lastAt.get(signal) ?? Number.NEGATIVE_INFINITY)
      lastAt.set(signal, now)
      // On Windows Ctrl-C reaches the server by itself, and kill() would not let it drain.
      if (since > SAME_WISH_MS && ownGroup) child.kill(signal)
    })
  }

  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? exitCodeOf(signal)))
  })
}
