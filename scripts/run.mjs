// The one entry behind npm start, npm test, npm run build and their kin.
//
// Nothing is imported before the version of Node is known to be enough: an older one
// shall read a sentence, not a syntax error from a file further down.

var lowest = [20, 19]
var version = process.versions.node.split('.').map(Number)

if (version[0] < lowest[0] || (version[0] === lowest[0] && version[1] < lowest[1])) {
  console.error(
    'Millrace needs Node ' +
      lowest.join('.') +
      ' or newer; this is Node ' +
      process.versions.node +
      '.\n' +
      'Install a newer Node (https://nodejs.org, or a version manager) and run the command again.',
  )
  process.exitCode = 1
} else {
  import('./commands.mjs').then(commands => commands.run(process.argv[2], process.argv.slice(3)))
}
