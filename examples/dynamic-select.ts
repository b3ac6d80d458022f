// The dynamic select pattern: one goroutine waits on thousands of channels that come and go. `select` takes a list, and answers which of
// its cases it was; the list may be another one each time. An entry that is null is never ready.

import { chan, go, main, type ReceiveChan, select } from '@millrace/core'

interface Client {
  name: number
  messages: ReceiveChan<string>
}

/** Says hello, and hangs up. */
function connect(name: number): Client {
  const messages = chan<string>()
  go(async () => {
    await messages.send(`hello from ${name}`)
    messages.close()
  })
  return { name, messages }
}

main(async () => {
  const arrivals = chan<Client>()
  go(async () => {
    for (let name = 1; name <= 3000; name++) await arrivals.send(connect(name))
    arrivals.close()
  })

  const clients: Client[] = []
  let door: ReceiveChan<Client> | null = arrivals
  let most = 0
  let hellos = 0
  let gone = 0
  while (door || clients.length > 0) {
    // While the house fills up nobody is listened to: afterwards everybody, one case for each.
    const rooms = clients.length < 2000 && door ? [] : clients.map(({ messages }) => messages)
    const hit: { case: number; value?: unknown; ok?: boolean } = await select([
      clients.length < 2000 ? door : null,
      ...rooms,
    ])
    if (hit.case === 0) {
      if (hit.ok) clients.push(hit.value as Client)
      else door = null
      most = Math.max(most, clients.length)
    } else if (hit.ok) hellos++
    else {
      gone++
      // Its place in the list goes to the last one: nothing is looked for.
      const last = clients.pop()!
      if (hit.case - 1 < clients.length) clients[hit.case - 1] = last
    }
  }
  console.log(`${hellos} said hello, ${gone} have gone, ${clients.length} are left`)
  console.log(`up to ${most} channels in one select`)
})
