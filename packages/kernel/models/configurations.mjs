// What is checked: which model, within which bound, and what is expected of it. `refutes` names the rule that a BROKEN variant leaves
// out: SPIN has to find what goes wrong without it. `progress`: no endless run in which no operation completes.
// `quick`: also in every `npm test`.

/** @type {{model: string, bound: string, progress?: boolean, refutes?: string, quick?: boolean}[]} */
export const configurations = [
  ...holds('ring', [
    'CAPACITY=1 RECEIVERS=1 DEATHS=1 *',
    'CAPACITY=1 VALUES=1 CLOSERS=1 DEATHS=1',
    'CAPACITY=1 VALUES=1 CLOSERS=1 DEATHS=2',
    'CAPACITY=2 SLOTS=4 MAX=2 VALUES=1 CLOSERS=1 DEATHS=1',
    'CAPACITY=3 SLOTS=4 MAX=2 SENDERS=1 VALUES=3 DEATHS=1',
    'CAPACITY=1 RECEIVERS=1 VALUES=1 CLOSERS=2 DEATHS=1',
  ]),
  ...lockFree('ring', [
    'CAPACITY=1 VALUES=1 RECEIVERS=1 CLOSERS=1 DEATHS=1',
    'CAPACITY=3 SLOTS=4 MAX=2 VALUES=1 DEATHS=1',
  ]),
  ...refuted('ring', {
    'BROKEN=1 RECEIVERS=1': 'a look at the head before a send',
    'BROKEN=2 DEATHS=1 RECEIVERS=1 -l': 'help for a tail that is behind',
    'BROKEN=3 CLOSERS=1 VALUES=1': 'the seal: a flag instead',
    'BROKEN=4 CAPACITY=3 SLOTS=4 MAX=2': 'the swap of the head in ringReceiveMany',
    'BROKEN=5 CAPACITY=2 SLOTS=2 CLOSERS=1 VALUES=1 RECEIVERS=1': 'a slot more than the capacity',
    'BROKEN=6 RECEIVERS=1': 'a look at the head itself when headSeen says full',
  }),

  ...holds('heap', [
    'DEATHS=0 *',
    'DEATHS=1',
    'DEATHS=2',
    'CHAIN=2 BLOCKS=4 HELD=3 DEATHS=1',
    'LARGE DEATHS=1',
  ]),
  ...lockFree('heap', ['DEATHS=1']),
  ...refuted('heap', {
    'BROKEN=1 LARGE': 'the tag',
    'BROKEN=2 DEATHS=1': 'cutting a chain out of the magazine before publishing it',
    'BROKEN=3 CHAIN=2 BLOCKS=4 HELD=3 DEATHS=1': 'giving a dead thread’s magazine back',
    'BROKEN=4 DEATHS=1': 'linking a chain before publishing it',
    'BROKEN=5 ROUNDS=2 BLOCKS=2': 'waiting until the thread is dead',
  }),

  ...holds('reference', ['DEATHS=0 SENDS=4', 'DEATHS=1 SENDS=4 *', 'DEATHS=2 SENDS=5']),
  ...refuted('reference', {
    'BROKEN=1 DEATHS=1': 'clearing the bit before counting down',
    'BROKEN=2 DEATHS=1': 'counting up before publishing',
    'BROKEN=3 DEATHS=1': 'giving back the count of a reference that was there already',
    'BROKEN=4 DEATHS=1': 'looking whether the dead thread’s bit was set',
  }),

  ...holds('task', [
    'TAKERS=2 DEATHS=0',
    'TAKERS=2 DEATHS=1',
    'TAKERS=2 DEATHS=2',
    'TAKERS=2 GOROUTINES=2 BLOCKS=1 DEATHS=2 *',
    'TAKERS=3 GOROUTINES=2 BLOCKS=1 DEATHS=1',
  ]),
  ...lockFree('task', ['TAKERS=2 GOROUTINES=2 DEATHS=1']),
  ...refuted('task', {
    'BROKEN=1 DEATHS=1 *': 'claiming a task before its entry is taken away',
    'BROKEN=2 DEATHS=1': 'leaving the taker’s life in the state until the task is on the stack',
    'BROKEN=3 DEATHS=2': 'looking who is dead before taking the stack',
    'BROKEN=4 DEATHS=1': 'a free block never says QUEUED',
    'BROKEN=5 DEATHS=1': 'the swap of the state',
  }),

  ...holds('deque', [
    'DEATHS=0',
    'DEATHS=1',
    'THIEVES=1 TASKS=4 DEATHS=2',
    'TASKS=2 DEATHS=1 *',
    'PLAIN DEATHS=0',
    'PLAIN DEATHS=1',
  ]),
  ...lockFree('deque', ['TASKS=2 DEATHS=1']),
  ...refuted('deque', {
    'BROKEN=1 PLAIN': 'a look at the top after lowering the bottom',
    'BROKEN=2 PLAIN': 'a swap of the top for the last entry',
    'BROKEN=3 DEATHS=1 *': 'claiming a task before its entry is taken away',
    'BROKEN=4 DEATHS=1': 'growing a full array',
    'BROKEN=5 DEATHS=1': 'raising the bottom again when a thief has had the last entry',
    'BROKEN=6 THIEVES=1 TASKS=4': 'entries that are tasks or nothing, in the whole array',
  }),

  ...holds('mailbox', [
    'POKERS=3 POKES=1 DEATHS=1',
    'DEATHS=1 *',
    'DEATHS=2',
    'APART DEATHS=2',
    'POKES=1 ROUSES=2 STANDS=1 DEATHS=1 *',
    'ROUSES=1 STANDS=1 DEATHS=1',
    'ROUSES=2 STANDS=2',
  ]),
  ...lockFree('mailbox', ['DEATHS=1', 'POKES=1 ROUSES=1 STANDS=1 DEATHS=1']),
  ...refuted('mailbox', {
    'BROKEN=1': 'a look at the summary after the bell is raised',
    'BROKEN=2 DEATHS=1 *': 'notifying unconditionally after a death',
    'BROKEN=3': 'taking the summary before the leaves',
    'BROKEN=4': 'lowering the bell before notifying',
    'BROKEN=5': 'setting the leaf before the summary',
    'BROKEN=6 ROUSES=1 *':
      'a waitAsync counting no more once it has called, whatever the loop does just then',
    'BROKEN=7 STANDS=1': 'notifying all who wait on the bell',
  }),

  ...holds('parking', [
    'DEATHS=0',
    'RECEIVERS=1 WAITERS=2 VALUES=2 DEATHS=2 CANCELS=1',
    'VALUES=1 DEATHS=1 CANCELS=1',
    'VALUES=1 DEATHS=1 UNFILTERED',
    'RECEIVERS=1 WAITERS=1 VALUES=1 CLOSE DEATHS=2 *',
    'VALUES=1 CLOSE',
    'RECEIVERS=1 SENDERS=2 WAITERS=2 VALUES=1',
    'RECEIVERS=1 WAITERS=1 VALUES=1 ROUNDS=2 CANCELS=1 DEATHS=1',
  ]),
  ...lockFree('parking', ['RECEIVERS=1 WAITERS=2 DEATHS=1 CANCELS=1']),
  ...refuted('parking', {
    'BROKEN=1 *': 'a second look after the ticket is set',
    'BROKEN=2 CANCELS=1': 'passing the baton on',
    'BROKEN=3 VALUES=1 DEATHS=1': 'telling everybody after a death',
    'BROKEN=4 VALUES=1 DEATHS=1': 'telling everybody last',
    'BROKEN=5 VALUES=1 DEATHS=1 CANCELS=1': 'sweeping the tickets before the number is used again',
    'BROKEN=6 CANCELS=1': 'asking whether the ticket was still there when leaving',
  }),

  ...holds('rendezvous', [
    'SCENARIO=1 THREADS=2 DEATHS=1 *',
    'SCENARIO=1',
    'SCENARIO=1 THREADS=2 DEATHS=2',
    'SCENARIO=2',
    'SCENARIO=5 DEATHS=2',
    'SCENARIO=6 DEATHS=2',
    'SCENARIO=1 THREADS=2 CLOSE DEATHS=2',
    'SCENARIO=5 CLOSE',
    'SCENARIO=6 CLOSE',
    'SCENARIO=8 DEATHS=2',
    'SCENARIO=9 DEATHS=1',
    'SCENARIO=10',
  ]),
  ...lockFree('rendezvous', ['SCENARIO=1', 'SCENARIO=9']),
  ...refuted('rendezvous', {
    'BROKEN=1 SCENARIO=1 THREADS=2': 'a look at the counterparts after the token is opened',
    'BROKEN=2 SCENARIO=2': 'holding one’s own token before claiming',
    'BROKEN=3 SCENARIO=1 THREADS=2 *': 'seniority: everybody gives way',
    'BROKEN=4 SCENARIO=1 THREADS=2': 'the seniors’ poke',
    'BROKEN=5 SCENARIO=1 DEATHS=1': 'telling everybody after a death',
    'BROKEN=6 SCENARIO=1 DEATHS=1': 'freeing the tokens of the dead',
    'BROKEN=7 SCENARIO=6 CLOSE': 'a look whether the channel is closed before claiming',
    'BROKEN=8 SCENARIO=8 THREADS=4': 'passing the buffered channel’s baton on when committed elsewhere',
    'BROKEN=9 SCENARIO=8 THREADS=4': 'holding the token before the buffered channel serves the waiter',
    'SCENARIO=7 THREADS=4': '(the known limit) a try that meets only a BUSY counterpart may fail',
  }),

  ...holds('threads', ['SCENARIO=1', 'SCENARIO=3 *']),
  ...lockFree('threads', ['SCENARIO=1']),
  ...refuted('threads', {
    'BROKEN=1': 'going on with the next waiter when the first is over',
    'BROKEN=2': 'poking the channel: an operation is poked instead',
  }),

  ...holds('offer', [
    'OPERATIONS=2 DEATHS=2 *',
    'OPERATIONS=2 CLOSE DEATHS=2',
    'SCENARIO=1 DEATHS=1',
    'SCENARIO=1 CLOSE',
    'SCENARIO=2 DEATHS=1',
    'SCENARIO=2 CLOSE',
    'SCENARIO=3 DEATHS=2',
    'SCENARIO=3 CLOSE',
    'SCENARIO=4 DEATHS=2',
    'SCENARIO=5',
    'SCENARIO=5 OPERATIONS=2 DEATHS=2',
    'SCENARIO=5 OPERATIONS=2 CLOSE DEATHS=1',
    'SCENARIO=6 DEATHS=2',
    'SCENARIO=7 DEATHS=2',
    'SCENARIO=8 OPERATIONS=4',
    'SCENARIO=9',
    'SCENARIO=10',
    'UNSEEN SCENARIO=1 DEATHS=1',
    'UNSEEN SCENARIO=2 DEATHS=1',
    'UNSEEN SCENARIO=5',
    'UNSEEN SCENARIO=5 OPERATIONS=2 CLOSE',
  ]),
  ...lockFree('offer', [
    'LOOKS=2 OFFERS=1',
    'SCENARIO=5 OPERATIONS=2 LOOKS=2 OFFERS=2',
    'SCENARIO=5 OPERATIONS=2 LOOKS=2 OFFERS=1 DEATHS=1',
  ]),
  ...refuted('offer', {
    'BROKEN=1 *': 'the swap when an offer is withdrawn',
    'BROKEN=2': 'the swap when an offer is laid down',
    'BROKEN=3': 'the swap when an offer is taken',
    'BROKEN=4': 'a look which direction is offered',
    'BROKEN=5': 'reading in the word what was given',
    'BROKEN=6': 'a look at the counterparts by who was offered and has parked',
    'BROKEN=7': 'looking at the boards before the offer',
    'BROKEN=8 DEATHS=1': 'taking back a dead thread’s offer',
    'BROKEN=9 DEATHS=1': 'the swap when it is taken back',
    'BROKEN=10 DEATHS=1': 'asking whether what it holds has been taken',
    'BROKEN=11 DEATHS=1': 'asking whose offer it is',
    'BROKEN=12 DEATHS=1': 'freeing what a dead receiver was given',
    'BROKEN=13 SCENARIO=6 DEATHS=1': 'taking an offer back before the number is used again',
    'BROKEN=14 LOOKS=2 OFFERS=1 -l': 'a look by who has opened a token which direction is offered',
    'BROKEN=15': 'making room by the owner, who has read the word',
  }),

  ...holds('board', [
    'LOOKS POSTS=8 SCANS=1 SIZE=3 TOKENS=3',
    'POSTS=7 SCANS=1 SIZE=3 TOKENS=3',
    'POSTS=6 SCANS=2',
    'SCANNERS=2 POSTS=3 SCANS=1',
    'POSTS=6 SCANS=1 *',
  ]),
  ...refuted('board', {
    'BROKEN=1 LOOKS POSTS=10 SCANS=1 SIZE=3 TOKENS=3': 'a look at the head when a scan has found nothing',
    'BROKEN=2 LOOKS POSTS=10 SCANS=1 SIZE=3 TOKENS=3': 'comparing the position too, not the array alone',
    'BROKEN=3 POSTS=9 SCANS=1 *': 'trimming only what is dead',
    'BROKEN=4 POSTS=9 SCANS=1': 'moving the tail before the head in a rebuild',
  }),

  ...holds('record', [
    'DEATHS=0',
    'DEATHS=1',
    'DEATHS=2',
    'THREADS=3 OPERATIONS=1 DEATHS=1',
    'THREADS=3 OPERATIONS=1 BLOCKS=2',
    'OPERATIONS=1 DEATHS=1 *',
  ]),
  ...lockFree('record', ['DEATHS=0', 'THREADS=3 OPERATIONS=1']),
  ...refuted('record', {
    'BROKEN=1': 'a second look at the word after reading',
    'BROKEN=2': 'the stamp',
    'BROKEN=3': 'swapping the word before the old block is freed',
    'BROKEN=4': 'reading the gate before the swap',
    'BROKEN=5 DEATHS=1': 'losing what a dead thread held',
    'BROKEN=6 *': 'writing the numbers before they are published',
    'BROKEN=7': 'freeing a block that is not published',
    'BROKEN=8': 'the swap when `hot` is let',
    'STAMPS=2 OPERATIONS=3': '(the known limit) a stamp that has not come back during one stall',
  }),

  ...holds('monitor', [
    'DEATHS=0',
    'CANCELS=2 DEATHS=1',
    'CANCELS=1 DEATHS=2',
    'THREADS=3 WAITERS=1 CANCELS=1 DEATHS=1',
    'CANCELS=1 *',
    'GATED CANCELS=2 DEATHS=1',
    'GATED CANCELS=1 DEATHS=2',
    'GATED THREADS=3 WAITERS=1 CANCELS=1 DEATHS=1',
    'GATED THREADS=3 WAITERS=1 DEATHS=2',
    'GATED BEGIN_LOST THREADS=3 WAITERS=1 DEATHS=2',
    'GATED WAITERS=1 CANCELS=1 DEATHS=1 *',
    'GATED LOOKS=3 CANCELS=1 DEATHS=1',
    'GATED COUNTED CANCELS=2 DEATHS=1',
    'GATED COUNTED BEGIN_LOST WAITERS=3 CANCELS=1 DEATHS=1',
    'GATED COUNTED BEGIN_LOST DEATHS=1 *',
    'BEQUESTS CANCELS=1 DEATHS=1',
    'GATED BEQUESTS CANCELS=1 DEATHS=1',
    'GATED BEQUESTS WAITERS=1 CANCELS=1 DEATHS=1 *',
  ]),
  ...lockFree('monitor', ['CANCELS=1 DEATHS=1', 'GATED CANCELS=1 DEATHS=1']),
  ...refuted('monitor', {
    'BROKEN=1 GATED *': 'poking the gate',
    'BROKEN=2': 'a look whether the first may pass, by who joins',
    'BROKEN=3 DEATHS=1': 'telling everybody after a death',
    'BROKEN=4 GATED DEATHS=1': 'asking whether the dead thread knew that it held the lock',
    'BROKEN=5 GATED BEGIN_LOST THREADS=3 WAITERS=1 DEATHS=2':
      'asking whether the dead thread was given the lock, or told that it is lost',
    'BROKEN=6 CANCELS=1': 'giving up in the record, by who is first',
    'BROKEN=7 DEATHS=1': 'giving back what a dead thread held',
    'BROKEN=8': 'poking whoever is granted something',
    'BROKEN=9': 'joining again, for who stands behind one that was let pass',
    'BROKEN=10 CANCELS=1': 'asking whether it was let pass, by who gives up',
    'BROKEN=11 GATED DEATHS=1': 'looking who is alive after the record is read',
    'BROKEN=12 GATED *': 'a swap when `hot` is held, after the looks',
    'BROKEN=13 GATED DEATHS=1': 'asking whether the lock is lost, by who looks at it',
    'BROKEN=14 GATED CANCELS=1': 'letting the next pass, by who gives up',
    'BROKEN=15 GATED CANCELS=1': 'taking out those at the head who are cancelled',
    'BROKEN=16 CANCELS=1 DEATHS=1': 'asking whether who comes next leaves with the same change',
    'BROKEN=17 GATED COUNTED BEGIN_LOST *': 'an outcome for each who was let pass',
    'BROKEN=18 GATED BEQUESTS *': 'bequeathing what a thread holds that ends in order',
  }),

  ...holds('mutex', [
    'CANCELS=0 DEATHS=1',
    'THREADS=2 WAITERS=2 DEATHS=2',
    'HANDOFF',
    'HANDOFF THREADS=2 WAITERS=2 DEATHS=1',
    'HANDOFF THREADS=2 DEATHS=1 *',
  ]),
  ...lockFree('mutex', ['THREADS=2 WAITERS=2 DEATHS=1', 'HANDOFF THREADS=2 DEATHS=1']),
  ...refuted('mutex', {
    'BROKEN=1 DEATHS=1': 'a second look after the ticket is set',
    'BROKEN=2 DEATHS=1': 'passing the baton on',
    'BROKEN=3 DEATHS=1': 'telling everybody after a death',
    'BROKEN=4 DEATHS=1': 'taking over what a dead thread held',
    'BROKEN=5 HANDOFF THREADS=2 WAITERS=2': 'giving the lock before telling whose it is',
    'BROKEN=6 HANDOFF': 'passing on a lock that is not wanted any more',
  }),

  ...holds('rwmutex', ['DEATHS=1', 'READERS=1 WRITERS=1 DEATHS=1 *', 'READERS=1 WRITERS=2 DEATHS=1']),
  ...lockFree('rwmutex', ['DEATHS=0']),
  ...refuted('rwmutex', {
    'BROKEN=1': 'a reader’s look for a writer',
    'BROKEN=2': 'telling the writer when the last reader leaves',
    'BROKEN=3': 'telling the writer when a reader backs off',
    'BROKEN=4 READERS=1 WRITERS=2': 'poking the writer that drains by name',
  }),

  ...holds('semaphore', [
    'DEATHS=0',
    'THREADS=2 DEATHS=1 *',
    'THREADS=2 WAITERS=2 DEATHS=1',
    'THREADS=2 DEATHS=2',
  ]),
  ...lockFree('semaphore', ['THREADS=2 WAITERS=2 DEATHS=1']),
  ...refuted('semaphore', {
    'BROKEN=1 DEATHS=1': 'writing the last operation down first',
    'BROKEN=2 DEATHS=1': 'looking at the count again before writing it down',
    'BROKEN=3 DEATHS=1': 'waking everybody when permits come back',
    'BROKEN=4 DEATHS=1': 'writing it down by whoever comes next: by the thread itself, later',
    'BROKEN=5 DEATHS=1': 'a second look after the ticket is set',
  }),

  ...holds('wait-group', ['DEATHS=0', 'DEATHS=1 *', 'DEATHS=2', 'WORKERS=3 DEATHS=1']),
  ...lockFree('wait-group', ['DEATHS=1']),
  ...refuted('wait-group', {
    'BROKEN=1': 'the epoch',
    'BROKEN=2': 'a second look after the ticket is set',
    'BROKEN=3': 'waking everybody when an epoch ends',
    'BROKEN=4 DEATHS=1': 'telling everybody after a death',
  }),

  ...holds('promotion', ['DEATHS=1 *', 'CAPACITY=1 SENDERS=3 DEATHS=1', 'RECEIVERS=2 CAPACITY=1 DEATHS=1']),
  ...refuted('promotion', {
    'BROKEN=1': 'moving the values before the address is published',
    'BROKEN=2': 'setting the tickets before the address is published',
    'BROKEN=3': 'moving the waiting senders',
  }),
]

/** A star at the end: quick. */
function configuration(model, text, more) {
  const quick = text.endsWith(' *')
  return { model, bound: quick ? text.slice(0, -2) : text, ...(quick && { quick }), ...more }
}

function holds(model, bounds) {
  return bounds.map(bound => configuration(model, bound))
}

function lockFree(model, bounds) {
  return bounds.map(bound => configuration(model, bound, { progress: true }))
}

/** `-l` at the end: what is refuted is that it is lock-free. */
function refuted(model, bounds) {
  return Object.entries(bounds).map(([bound, refutes]) =>
    bound.endsWith(' -l')
      ? configuration(model, bound.slice(0, -3), { refutes, progress: true })
      : configuration(model, bound, { refutes }),
  )
}
