import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat } from '../test/harness.js'

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const executablePath = CANDIDATES.find(path => path && existsSync(path))
const TITLE = executablePath ? 'the page' : 'the page: NOT RUN, no Chromium found (set CHROMIUM to its path)'

describe.skipIf(!executablePath)(TITLE, () => {
  let browser: Browser
  let chat: Chat
  const problems: string[] = []
  const contexts: BrowserContext[] = []

  beforeAll(async () => {
    chat = await startChat({ RECONNECT_SPREAD_MS: '0' })
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    })
  })
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await chat?.stop()
  })

  /** A page of a browser of its own, or of `context`. Whatever it complains about, violations of the CSP included, is a problem. */
  async function openPage(context?: BrowserContext): Promise<Page> {
    let own = context
    if (!own) {
      own = await browser.newContext()
      contexts.push(own)
    }
    const page = await own.newPage()
    page.setDefaultTimeout(10_000)
    page.on('pageerror', error => problems.push(String(error)))
    page.on('console', message => message.type() === 'error' && problems.push(message.text()))
    page.on('dialog', dialog => problems.push(`dialog: ${dialog.message()}`))
    await page.goto(chat.url)
    return page
  }

  async function enter(name: string, context?: BrowserContext): Promise<Page> {
    const page = await openPage(context)
    await page.getByLabel('Your name').fill(name)
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.locator('#state[data-state=live]').waitFor()
    return page
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message', { exact: true }).fill(text)
    await page.keyboard.press('Enter')
  }

  const message = (page: Page, text: string) =>
    page.locator('.log:not([hidden]) .message:not(.pending)', { hasText: text })

  it('two people chat, and markup is text', async () => {
    const ada = await enter('Ada')
    const bob = await enter('Bob')
    await say(ada, 'hello Bob')
    await message(bob, 'hello Bob').waitFor()
    await message(ada, 'hello Bob').locator('.from').waitFor()
    const attack = '<img src=x onerror=alert(1)><script>alert(2)</script>'
    await say(bob, `${attack} https://millrace.example/?a=<b>`)
    const shown = message(ada, attack)
    await shown.waitFor()
    expect(await shown.locator('.text').textContent()).toBe(`${attack} https://millrace.example/?a=<b>`)
    expect(await shown.locator('.text img, .text script').count()).toBe(0)
    expect(await shown.locator('.text a').getAttribute('href')).toBe('https://millrace.example/?a=')
    // The sender sees it once: what was pending is gone when it is confirmed.
    expect(await bob.locator('.message', { hasText: 'onerror' }).count()).toBe(1)
    expect(await ada.locator('#people li').allTextContents()).toEqual(['AAda (you)', 'BBob'])
    expect(await ada.locator('#state-text').textContent()).toBe('Live')
  })

  it('rooms, with the keyboard alone', async () => {
    const page = await enter('Kim')
    await page.getByLabel('Name of a room to join').focus()
    await page.keyboard.type('Garden')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: '#garden' }).waitFor()
    await page.keyboard.type('is anybody here?')
    await page.keyboard.press('Enter')
    await message(page, 'is anybody here?').waitFor()
    await page.getByRole('button', { name: 'Leave' }).press('Enter')
    await page.getByRole('heading', { name: '#lobby' }).waitFor()
    expect(await page.locator('#rooms li').count()).toBe(1)
  })

  it('a private message reaches every tab of both', async () => {
    const eve = await enter('Eve')
    const fay = await enter('Fay')
    const second = await enter('Fay', fay.context())
    await eve.locator('#people').getByRole('button', { name: 'Fay' }).click()
    await say(eve, 'only for you')
    await message(eve, 'only for you').waitFor()
    for (const tab of [fay, second]) {
      await tab.locator('#privates').getByRole('button', { name: 'Eve' }).click()
      await message(tab, 'only for you').waitFor()
    }
  })

  it('a name that somebody has is refused', async () => {
    await enter('Dan')
    const page = await openPage()
    await page.getByLabel('Your name').fill('dan')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByText('Someone else has this name.').waitFor()
  })

  it('the server goes and comes back: the page says so, keeps what is typed, and is live again by itself', async () => {
    const page = await enter('Gus')
    await page.getByLabel('Message', { exact: true }).fill('typed meanwhile')
    // A browser notes each failed attempt on its console; that is no problem of the page.
    const known = problems.length
    const { port } = new URL(chat.url)
    chat.kill('SIGTERM')
    await page.locator('#state[data-state=reconnecting]').waitFor()
    await chat.exit
    await page.locator('#countdown', { hasText: /^in \d+ s$/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('Not connected. Your message is kept').waitFor()
    chat = await startChat({ PORT: port })
    await page.locator('#state[data-state=live]').waitFor()
    await page.keyboard.press('Enter')
    await message(page, 'typed meanwhile').waitFor()
    problems.splice(
      0,
      problems.length,
      ...problems.filter((text, i) => i < known || !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(text)),
    )
  })

  it('no page has complained about anything', () => {
    expect(problems).toEqual([])
  })
})
