// Where this runs. In the files for browsers here.web.ts stands in for this module: see scripts/bundle.mjs.

export { host } from './node.js'
