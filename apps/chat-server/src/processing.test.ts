import { describe, expect, it } from 'vitest'
import { findLinks, processText } from './processing.js'

const textOf = (raw: string): string | undefined => {
  const result = processText(raw, 100)
  return result.ok ? result.text : undefined
}

describe('the text of a message', () => {
  it('is trimmed, and loses control characters but not line ends and tabs', () => {
    expect(textOf('  a\tb \r\n c\u0000\u0007\u009b ')).toBe('a\tb \n c')
  })

  it('stays as it is otherwise', () => {
    for (const text of [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      'שלום עולם',
      '👩‍👩‍👧',
      'javascript:alert(1)',
    ]) {
      expect(textOf(text)).toBe(text)
    }
  })

  it('is well-formed Unicode afterwards', () => {
    expect(textOf('a\ud800b')).toBe('a\ufffdb')
  })

  it('is refused if it is empty or too long', () => {
    expect(processText(' \u0000\n ', 100)).toEqual({ ok: false, code: 'text_empty' })
    expect(processText('x'.repeat(100), 100).ok).toBe(true)
    expect(processText('x'.repeat(101), 100)).toEqual({ ok: false, code: 'text_too_long' })
  })

  it('is measured in code points', () => {
    expect(processText('👍'.repeat(100), 100).ok).toBe(true)
    expect(processText('👍'.repeat(101), 100).ok).toBe(false)
  })
})

describe('links', () => {
  it.each([
    ['see https://a.example/b, and more', ['https://a.example/b']],
    ['(https://a.example/b)', ['https://a.example/b']],
    ['https://a.example/b_(c)', ['https://a.example/b_(c)']],
    ['http://a.example https://b.example!', ['http://a.example', 'https://b.example']],
    ['"https://a.example"<b>', ['https://a.example']],
    ['javascript:alert(1) ftp://x data:text/html,1', []],
    ['https://', []],
  ])('in %s are %j', (text, expected) => {
    expect(findLinks(text).map(([start, end]) => text.slice(start, end))).toEqual(expected)
  })

  it('are at most twenty', () => {
    expect(findLinks('https://a.example '.repeat(30))).toHaveLength(20)
  })
})
