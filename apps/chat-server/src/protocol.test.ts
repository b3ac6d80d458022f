import { describe, expect, it } from 'vitest'
import { keyOfName, ProtocolError, parseClientFrame } from './protocol.js'

const codeOf = (frame: unknown): string => {
  try {
    parseClientFrame(typeof frame === 'string' ? frame : JSON.stringify(frame))
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
  return 'ok'
}

describe('a client frame', () => {
  it('is read field by field', () => {
    expect(parseClientFrame('{"t":"hello","name":" Ada  L ","id":"1"}')).toEqual({
      t: 'hello',
      id: '1',
      name: 'Ada L',
      rooms: ['lobby'],
    })
    expect(parseClientFrame('{"t":"join","room":"Go-JS"}')).toEqual({ t: 'join', room: 'go-js' })
    expect(parseClientFrame('{"t":"message","room":"a","text":" x "}')).toEqual({
      t: 'message',
      to: { room: 'a' },
      text: ' x ',
    })
    expect(parseClientFrame('{"t":"message","to":"Bo","text":""}')).toEqual({
      t: 'message',
      to: { user: 'Bo' },
      text: '',
    })
    expect(parseClientFrame('{"t":"ping","more":1}')).toEqual({ t: 'ping' })
  })

  it.each([
    ['', 'bad_json'],
    ['{', 'bad_json'],
    ['[]', 'bad_json'],
    ['null', 'bad_json'],
    ['"hello"', 'bad_json'],
    ['{}', 'unknown_type'],
    ['{"t":1}', 'unknown_type'],
    ['{"t":"toString"}', 'unknown_type'],
    ['{"t":"__proto__"}', 'unknown_type'],
    ['{"__proto__":{"t":"ping"}}', 'unknown_type'],
    ['{"t":"join"}', 'bad_field'],
    ['{"t":"join","room":7}', 'bad_field'],
    ['{"t":"join","room":""}', 'bad_room'],
    ['{"t":"join","room":"a b"}', 'bad_room'],
    ['{"t":"join","room":"<b>"}', 'bad_room'],
    ['{"t":"ping","id":5}', 'bad_field'],
    [`{"t":"ping","id":"${'x'.repeat(65)}"}`, 'bad_field'],
    ['{"t":"message","room":"a"}', 'bad_field'],
    ['{"t":"message","text":"x"}', 'bad_field'],
    ['{"t":"message","text":"x","room":"a","to":"b"}', 'bad_field'],
    ['{"t":"hello","name":""}', 'bad_name'],
    ['{"t":"hello","name":"a\\u202eb"}', 'bad_name'],
    ['{"t":"hello","name":"<img>"}', 'bad_name'],
    [`{"t":"hello","name":"${'n'.repeat(33)}"}`, 'bad_name'],
    ['{"t":"hello","name":"a","rooms":"lobby"}', 'bad_field'],
    ['{"t":"hello","name":"a","rooms":[1]}', 'bad_field'],
    ['{"t":"hello","name":"a","key":""}', 'bad_field'],
  ])('%s is %s', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  it('is either read or refused with a code, whatever it holds', () => {
    let seed = 42
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed % below
    }
    const values = [
      'hello',
      'join',
      'message',
      'ping',
      'lobby',
      '',
      null,
      0,
      -1,
      1e300,
      true,
      [],
      {},
      [[]],
      '\ud800',
      '__proto__',
      'x'.repeat(5000),
    ]
    const names = ['t', 'id', 'name', 'room', 'rooms', 'to', 'text', 'key', '__proto__', 'constructor']
    for (let i = 0; i < 5000; i++) {
      const pairs = Array.from({ length: random(6) }, () => {
        const value = JSON.stringify(values[random(values.length)])
        return `${JSON.stringify(names[random(names.length)])}:${value}`
      })
      const text = `{${pairs.join(',')}}`
      expect(codeOf(random(5) === 0 ? text.slice(0, random(text.length)) : text)).toEqual(expect.any(String))
    }
  })

  it('names that look the same are the same name', () => {
    expect(keyOfName('Ada')).toBe(keyOfName('ada'))
    expect(keyOfName('ＡＤＡ')).toBe(keyOfName('Ada'))
    expect(keyOfName('Ada')).not.toBe(keyOfName('Bob'))
  })
})
