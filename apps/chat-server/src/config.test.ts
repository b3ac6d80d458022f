import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ConfigError, readConfig, VARIABLES } from './config.js'
import { ERRORS } from './protocol.js'

const problemOf = (env: Record<string, string>): string => {
  try {
    readConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
  return ''
}

it('has defaults for everything, also for what is set to nothing', () => {
  expect(readConfig({})).toMatchObject({
    port: 8080,
    host: '127.0.0.1',
    allowedOrigins: undefined,
    trustProxy: 'no',
  })
  expect(readConfig({ PORT: '', RATE_BURST: ' ' })).toEqual(readConfig({}))
})

it('reads what is set', () => {
  const config = readConfig({
    PORT: '0',
    ALLOWED_ORIGINS: 'https://a.example, http://b.example:81',
    WORKERS: '3',
  })
  expect(config).toMatchObject({ port: 0, workers: 3 })
  expect([...config.allowedOrigins!]).toEqual(['https://a.example', 'http://b.example:81'])
})

it.each([
  [{ PORT: '65536' }, 'PORT must be a whole number from 0 to 65535, got "65536"'],
  [{ PORT: '80a' }, 'PORT must be'],
  [{ RATE_PER_SECOND: '-1' }, 'RATE_PER_SECOND must be'],
  [{ RATE_BURST: '1.5' }, 'RATE_BURST must be'],
  [{ HOST: 'a host' }, 'HOST must be'],
  [{ ALLOWED_ORIGINS: 'https://a.example/path' }, 'ALLOWED_ORIGINS must be'],
  [{ ALLOWED_ORIGINS: '*' }, 'ALLOWED_ORIGINS must be'],
  [{ TRUST_PROXY: 'perhaps' }, 'TRUST_PROXY must be one of no, yes'],
])('says what is wrong with %j', (env, expected) => {
  expect(problemOf(env as Record<string, string>)).toContain(expected)
})

it('names every wrong variable at once', () => {
  expect(problemOf({ PORT: 'x', WORKERS: 'y' })).toMatch(/^PORT .*\nWORKERS /)
})

it('the README names every variable with its default, and every error code', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/ +/g, ' ')
  for (const { name, fallback } of Object.values(VARIABLES)) {
    const shown = fallback === undefined ? '|' : `\`${fallback}\``
    expect(readme).toContain(`| \`${name}\` | ${shown}`)
  }
  for (const code of Object.keys(ERRORS)) expect(readme).toContain(`| \`${code}\` |`)
})
