import { hostLaws } from './host-laws.js'

hostLaws('deno')
