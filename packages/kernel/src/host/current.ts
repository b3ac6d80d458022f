// Where this runs. In the files for browsers current.web.ts stands in for this module: see scripts/bundle.mjs.

export { host } from './node.js'
