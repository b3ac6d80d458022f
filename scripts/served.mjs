// The server's side of serve.mjs: runs the file it is given, and stops it when its parent is gone.
//
// The server has a process group of its own, so whoever kills the parent's group would leave it behind.

import { pathToFileURL } from 'node:url'

process.once('disconnect', () => {
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(1)
})
// A listener on the channel keeps a process alive; this one has to end when the server has.
process.channel?.unref()

// From here on the server cannot tell that it was not started directly.
const entry = process.argv[2]
process.argv.splice(1, 2, entry)
await import(pathToFileURL(entry).href)
