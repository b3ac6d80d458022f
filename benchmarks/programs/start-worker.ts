// The least that a thread can be.
import { parentPort } from 'node:worker_threads'

parentPort?.postMessage(1)
