export { host } from './web.js'
