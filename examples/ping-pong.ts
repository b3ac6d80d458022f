// Ping-pong: whoever has the ball hits it back. The table is an unbuffered channel, so there is one ball in the air at most,
// and a context ends the game for both players at once.

import {
  background,
  type Chan,
  type Context,
  chan,
  go,
  main,
  select,
  send,
  sleep,
  withTimeout,
} from '@millrace/core'

interface Ball {
  hits: number
}

async function player(name: string, table: Chan<Ball>, ctx: Context) {
  for (;;) {
    const turn = await select({ ball: table, over: ctx.done() })
    if (turn.case === 'over' || !turn.ok) return

    const ball = turn.value
    ball.hits++
    console.log(`${name} ${ball.hits}`)
    await sleep(30)

    const hit = await select({ ball: send(table, ball), over: ctx.done() })
    if (hit.case === 'over') return
  }
}

main(async () => {
  const [ctx, cancel] = withTimeout(background(), 300)
  const table = chan<Ball>()
  const players = [go(player, 'ping', table, ctx), go(player, 'pong', table, ctx)]

  await table.send({ hits: 0 })
  await Promise.all(players)
  cancel()
  console.log(`game over: ${ctx.err()?.message}`)
})
