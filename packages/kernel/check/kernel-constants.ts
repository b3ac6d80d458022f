// What the kernel answers, and the places of the memory map that scenarios look at: assembly/status.ts and layout.ts.

export {
  ANSWER,
  BELL,
  CLOSED,
  INBOX,
  OK,
  OK_NOBODY,
  OK_SELF,
  RECEIVE,
  RESCAN,
  SCRATCH,
  SEND,
  threadBlock,
  WOULD_BLOCK,
} from '../src/kernel.js'

/** What the words of a channel are: blocks that hold nothing else. */
export const CELLS = 2
/** How many hashes objects have. */
export const HASHES = 3968
export const REFS = 0
export const KIND = 12
export const HOLDERS = 16
export const INTEREST = 24
export const SUM = 64
export const DEPOTS = 256
export const MAGAZINES = 1024
export const CHUNK_CLASSES = 4096
/** Of a record's hot number. */
export const LOST = 127
export const OUT_OF_MEMORY = 4
