// What can be missing on a machine, and what to do about it.

/** A failure whose message is all that its reader needs. */
export class SetupError extends Error {
  constructor(fact, cure, detail) {
    super([`Set-up failed: ${fact}`, cure, detail && `\n${detail}`].filter(Boolean).join('\n'))
    this.name = 'SetupError'
  }
}

// The first that matches the installer's output is told.
const causes = [
  {
    sign: /spawn npm ENOENT|npm: (command )?not found|'npm' is not recognized/,
    fact: 'npm was not found.',
    cure: 'npm comes with Node: install Node from https://nodejs.org, or the package "npm" of your system.',
  },
  {
    sign: /ERR_PNPM_OUTDATED_LOCKFILE/,
    fact: 'pnpm-lock.yaml does not match the package.json files.',
    cure: 'After changing dependencies run `npx pnpm install`, and commit pnpm-lock.yaml.',
  },
  {
    sign: /CERT_|CERTIFICATE|self[- ]signed/i,
    fact: 'the certificate of the npm registry is not trusted on this machine.',
    cure: 'Behind a company proxy, point NODE_EXTRA_CA_CERTS (or npm\'s "cafile") at its certificate.',
  },
  {
    sign: /ENOSPC/,
    fact: 'the disk is full.',
    cure: 'Free some space (the dependencies take about 500 MB) and run the command again.',
  },
  {
    sign: /EACCES|EPERM|EROFS/,
    fact: 'there is no permission to write.',
    cure: "Run the command as the owner of this folder and of npm's cache (`npm config get cache`).",
  },
  {
    sign: /\bE?40[13]\b|ENEEDAUTH/,
    fact: 'the npm registry refused access.',
    cure: 'Log in to the registry that npm is set to (`npm config get registry`), and run the command again.',
  },
  {
    sign: /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ESOCKETTIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET|META_FETCH_FAIL|ENOTCACHED/,
    fact: 'the npm registry cannot be reached.',
    cure: 'Check the network, and the registry and proxy that npm is set to (`npm config get registry`), and run the command again.',
  },
  {
    sign: /\bE?404\b|ETARGET|NO_MATCHING_VERSION/,
    fact: 'the npm registry does not have a package that is needed.',
    cure: 'If npm is set to a mirror (`npm config get registry`), it may lag behind: try the public registry.',
  },
]

/** Answers the cause that shows in the installer's output, or undefined when it is none that is known. */
export function causeOf(output) {
  return causes.find(({ sign }) => sign.test(output))
}

/** Turns the output of a failed install into one message. */
export function explain(output) {
  const lines = output.split(/\r?\n/).filter(line => line.trim() !== '')
  const cause = causeOf(output)
  if (cause === undefined) {
    const lastWords = lines.slice(-15).join('\n')
    return new SetupError('the dependencies could not be installed.', 'The installer said:', lastWords)
  }
  const witness = lines.findLast(line => cause.sign.test(line))
  return new SetupError(cause.fact, cause.cure, witness.trim())
}
