import { hostLaws, runNames } from './host-laws.js'

// Between the oldest Node and the newest, which do without threads as well.
hostLaws(
  'node24',
  {},
  runNames.filter(name => !name.startsWith('one thread')),
)
