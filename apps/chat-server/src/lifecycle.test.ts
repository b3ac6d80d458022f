import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startChat, startFailingChat } from '../test/harness.js'

describe('HTTP', () => {
  it('serves the page, health, and nothing else', async () => {
    const chat = await startChat()
    expect(await chat.printed).toBe(`Millrace chat: ${chat.url} (Ctrl-C to stop)`)
    const page = await fetch(chat.url)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toContain(
      `default-src 'self'; connect-src 'self' ws://${new URL(chat.url).host}`,
    )
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    const html = await page.text()
    expect(html).not.toMatch(/<script>|<style|\son\w+=|\sstyle=/)
    for (const path of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await fetch(chat.url + path[1])).status).toBe(200)
    }
    const again = await fetch(chat.url, { headers: { 'If-None-Match': page.headers.get('etag')! } })
    expect(again.status).toBe(304)
    expect((await fetch(chat.url, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(chat.url, { method: 'POST', body: 'x' })).status).toBe(405)
    for (const path of ['/nothing', '/../package.json', '/%2e%2e/main.js', '/main.js', '/ws']) {
      expect((await fetch(chat.url + path)).status).toBe(404)
    }
    const user = await chat.enter('Ada')
    const { status, body } = await chat.health()
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'ok',
      clients: 1,
      sessions: 1,
      users: 1,
      rooms: 1,
      evicted: 0,
      workers: { count: 2, restarts: 0 },
    })
    expect(body.threads.mode).toBe('threads')
    expect(body.uptimeSeconds).toBeGreaterThan(0)
    user.socket.close()
    await chat.stop()
  })
})

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: clients are told when to come back, get what is theirs, 1001, exit 0',
    async signal => {
      const chat = await startChat({ RATE_BURST: '100' })
      const ada = await chat.enter('Ada')
      const bob = await chat.enter('Bob')
      const silent = await chat.open()
      for (let n = 0; n < 50; n++) ada.say('lobby', `${n}`, `m${n}`)
      await ada.next('ack', { ref: 'm0' })
      chat.kill(signal)
      for (const user of [ada, bob, silent]) {
        const { afterMs } = await user.next('reconnect')
        expect(afterMs).toBeGreaterThanOrEqual(500)
        expect(afterMs).toBeLessThan(5500)
        expect(await user.closed).toEqual({ code: 1001, reason: 'the server is restarting' })
      }
      expect(await chat.exit).toEqual({ code: 0, signal: null })
      // Everything that was acknowledged has been delivered.
      const heard = bob.all('message').map(({ seq }) => seq)
      expect(heard).toEqual(heard.map((_, index) => index + 1))
      expect(ada.all('ack').length).toBeLessThan(heard.length)
    },
  )

  it('while it drains, health is 503 and nobody is let in; the deadline cuts who does not go', async () => {
    const chat = await startChat({ DRAIN_TIMEOUT_MS: '1500', CLOSE_TIMEOUT_MS: '10000' })
    const stuck = await chat.enter('Stuck')
    await stuck.caughtUp()
    stuck.socket.pause()
    chat.kill('SIGTERM')
    await chat.logged('draining')
    expect(await chat.health()).toMatchObject({ status: 503, body: { status: 'draining' } })
    await expect(chat.open()).rejects.toThrow('503')
    await chat.logged('drain_deadline')
    expect(await chat.exit).toEqual({ code: 0, signal: null })
  })

  it('a second signal ends it at once', async () => {
    const chat = await startChat({ DRAIN_TIMEOUT_MS: '60000', CLOSE_TIMEOUT_MS: '60000' })
    const stuck = await chat.enter('Stuck')
    stuck.socket.pause()
    chat.kill('SIGTERM')
    await chat.logged('draining')
    chat.kill('SIGTERM')
    expect(await chat.exit).toEqual({ code: 143, signal: null })
  })
})

describe('the start', () => {
  it('says that its port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const chat = startFailingChat({ PORT: String(port) })
    expect((await chat.exit).code).toBe(1)
    expect(chat.stderr).toContain(`Port ${port} of 127.0.0.1 is in use`)
    server.close()
  })

  it('says what is wrong with its configuration', async () => {
    const chat = startFailingChat({ PORT: 'eighty', RATE_BURST: '0' })
    expect((await chat.exit).code).toBe(1)
    expect(chat.stderr).toContain('PORT must be a whole number from 0 to 65535, got "eighty"')
    expect(chat.stderr).toContain('RATE_BURST must be')
    expect(chat.stderr).not.toContain('    at ')
  })
})
