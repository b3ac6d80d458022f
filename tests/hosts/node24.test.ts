import { hostLaws } from './host-laws.js'

hostLaws('node24')
