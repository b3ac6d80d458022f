// What a pool thread begins with, unless there is a bundle (see bundle.ts).

import { servePool } from './pool-thread.js'

void servePool()
