// Reads as much of a WebAssembly binary as tells what a module is made of.

const SECTIONS = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'dataCount',
  'tag',
] as const

const TYPES: Record<number, string> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 123: 'v128' }
const KINDS = ['function', 'table', 'memory', 'global', 'tag'] as const

export interface Signature {
  readonly parameters: readonly string[]
  readonly results: readonly string[]
}

export interface Imported {
  readonly module: string
  readonly name: string
  readonly kind: string
  readonly isShared: boolean
}

export interface Module {
  readonly sections: readonly string[]
  readonly imports: readonly Imported[]
  /** Whether each global of the module's own may change. */
  readonly globals: readonly { type: string; mutable: boolean }[]
  readonly exports: readonly { name: string; kind: string; signature?: Signature | undefined }[]
  readonly dataSegments: number
}

class Reader {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new Error('the binary ends too soon')
    return byte
  }

  /** An unsigned LEB128 number. */
  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  text(): string {
    const length = this.number()
    this.at += length
    return new TextDecoder().decode(this.#bytes.slice(this.at - length, this.at))
  }

  type(): string {
    const byte = this.byte()
    return TYPES[byte] ?? `type ${byte}`
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.number() }, item)
  }

  /** Skips a constant expression. */
  constant(): void {
    const code = this.byte()
    if (code === 0x41 || code === 0x42) while (this.byte() >= 0x80);
    else if (code === 0x43) this.at += 4
    else if (code === 0x44) this.at += 8
    else if (code === 0x23) this.number()
    else throw new Error(`a constant begins with ${code}`)
    if (this.byte() !== 0x0b) throw new Error('a constant is longer than thought')
  }

  limits(): { isShared: boolean } {
    const flags = this.byte()
    this.number()
    if (flags & 1) this.number()
    return { isShared: (flags & 2) !== 0 }
  }
}

export function readModule(bytes: Uint8Array): Module {
  const reader = new Reader(bytes)
  const head = [...bytes.slice(0, 8)].join(' ')
  if (head !== '0 97 115 109 1 0 0 0') throw new Error(`this is no WebAssembly: ${head}`)
  reader.at = 8
  const sections: string[] = []
  const types: Signature[] = []
  const functions: number[] = []
  const imports: Imported[] = []
  const globals: { type: string; mutable: boolean }[] = []
  const exports: { name: string; kind: string; signature?: Signature | undefined }[] = []
  let dataSegments = 0

  const readImport = () => {
    const [module, name, kind] = [reader.text(), reader.text(), KINDS[reader.byte()]!]
    let isShared = false
    if (kind === 'function') functions.push(reader.number())
    else if (kind === 'memory') isShared = reader.limits().isShared
    else throw new Error(`an import of a ${kind}, which this reader does not know`)
    imports.push({ module, name, kind, isShared })
  }
  const readExport = () => {
    const [name, kind, index] = [reader.text(), KINDS[reader.byte()]!, reader.number()]
    exports.push({ name, kind, signature: kind === 'function' ? types[functions[index]!] : undefined })
  }

  while (!reader.isAtEnd) {
    const name = SECTIONS[reader.byte()] ?? 'unknown'
    const length = reader.number()
    const end = reader.at + length
    sections.push(name)
    if (name === 'type') {
      reader.list(() => {
        if (reader.byte() !== 0x60) throw new Error('a type that is no function')
        types.push({
          parameters: reader.list(() => reader.type()),
          results: reader.list(() => reader.type()),
        })
      })
    } else if (name === 'import') reader.list(readImport)
    else if (name === 'function') reader.list(() => functions.push(reader.number()))
    else if (name === 'global') {
      reader.list(() => {
        globals.push({ type: reader.type(), mutable: reader.byte() === 1 })
        reader.constant()
      })
    } else if (name === 'export') reader.list(readExport)
    else if (name === 'data') dataSegments = reader.number()
    reader.at = end
  }
  return { sections, imports, globals, exports, dataSegments }
}
