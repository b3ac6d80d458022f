// The small form: how most messages cross. A tree of plain data that takes no more than SMALL bytes is tested, written and read by us,
// in one pass, because what a packer costs before its first byte and after its last is most of what a small message costs.
//
//   value   0 to 127                    itself
//           NULL UNDEFINED TRUE FALSE
//           INTEGER i32, FLOAT f64      little endian, and not aligned
//           ASCII length text           a byte for each UTF-16 unit
//           LATIN1 length text          … of which some are above 127
//           UTF16 length text           two bytes for each unit, the low one first
//           UTF8 length text            length in bytes
//           ARRAY length value …
//           OBJECT count u16, then key and value in turn; a key is a byte for its length and Latin-1
//           VIEW class offset size u32, then the buffer's bytes, or their place u32 if they are loose (codec/loose.ts)
//   length  a byte below 128, or two: the high one first, plus 128

/** What the form is for, in bytes. */
export const SMALL = 8192

export const NULL = 0x80
export const UNDEFINED = 0x81
export const TRUE = 0x82
export const FALSE = 0x83
export const INTEGER = 0x84
export const FLOAT = 0x85
export const ASCII = 0x86
export const LATIN1 = 0x87
export const UTF16 = 0x88
export const UTF8 = 0x89
export const ARRAY = 0x8a
export const OBJECT = 0x8b
export const VIEW = 0x8c

/** Fewer bytes than this are copied sooner by a loop over words than by the host. */
const LOOPED = 256

/** A thread's own memory for a message on its way. */
export interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly words: Int32Array
  readonly view: DataView
}

export function newScratch(): Scratch {
  const buffer = new ArrayBuffer(SMALL)
  const bytes = typeof Buffer === 'undefined' ? new Uint8Array(buffer) : Buffer.from(buffer)
  return { bytes, words: new Int32Array(buffer), view: new DataView(buffer) }
}

/** A thread's views of shared memory. */
export interface Views {
  readonly i32: Int32Array
  readonly u8: Uint8Array
}

/** Copies `length` bytes from a scratch to `place`, which is a multiple of four; of the last word, all of it. */
export function copyOut({ bytes, words }: Scratch, length: number, { i32, u8 }: Views, place: number): void {
  if (length > LOOPED) {
    u8.set(bytes.subarray(0, length), place)
    return
  }
  const first = place >> 2
  for (let i = 0, count = (length + 3) >> 2; i < count; i++) i32[first + i] = words[i]
}

/** The other way. */
export function copyIn({ bytes, words }: Scratch, length: number, { i32, u8 }: Views, place: number): void {
  if (length > LOOPED) {
    bytes.set(u8.subarray(place, place + length))
    return
  }
  const first = place >> 2
  for (let i = 0, count = (length + 3) >> 2; i < count; i++) words[i] = i32[first + i]
}
