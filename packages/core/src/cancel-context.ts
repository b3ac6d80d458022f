import { type Cancellable, type Cancellation, standFor } from './cancellation.js'
import { Channel, type ReceiveChan } from './chan.js'
import { clock } from './clock.js'
import type { Context } from './context.js'
import { nameOf, OwnContext } from './context-tree.js'
import { DoneMedium } from './done-medium.js'
import { Ending, type State } from './ending.js'

// The truth is looked up: whoever asks a context whether it has ended walks up its scopes. So it is right at once, everywhere
// below, also in a loop that never lets a timer run; and a parent need not know its children. News is passed down, and only
// to those who asked for it: a scope that somebody watches joins the listeners of the scope above, as a waiter would, and leaves
// when nobody watches it any more. So a context that nobody waits for has registered nowhere, and is collected as anything else.
//
//   X1  a scope has listeners  <=>  it is a listener of the scope above, and follows what it depends on outside
//   X2  somebody waits here, or at a listener that is a scope  <=>  #waiting > 0
//   X3  it has ended  =>  that never changes, neither the error nor the cause
//   X4  a scope has ended  =>  every scope below answers so when asked, before anybody is told

type Listener = Cancellable | CancelContext

/** A context that can be cancelled. */
export class CancelContext extends OwnContext implements Cancellation {
  declare readonly parent: Context
  /** The scope above. */
  readonly up: CancelContext | undefined
  /** The shared object that other threads know it by, once there is one. */
  record = 0
  /** Something outside the tree can end it, which `firing` looks at. */
  readonly #dependsOnOthers: boolean
  #ending: Ending | undefined
  /** Tells other threads. */
  #publish: ((ending: Ending) => void) | undefined
  /** Who is told when it ends: the first, and those who came after it. Most have but one at a time. */
  #first: Listener | undefined
  #others: Set<Listener> | undefined
  #waiting = 0
  /** A scope below has had a deadline: when this one is cancelled matters. */
  #isTimed = false
  #done: Channel<never> | undefined
  #controller: AbortController | undefined

  constructor(parent: Context, up: CancelContext | undefined, dependsOnOthers = false) {
    super(parent)
    this.up = up
    this.#dependsOnOthers = dependsOnOthers
  }

  get scope(): CancelContext {
    return this
  }

  // Something outside the tree that ends it: a clock, a signal, another thread. -------------------------------------

  /** How that has ended it, if it has. Nobody may have noticed yet. */
  protected firing(): Ending | undefined {
    return undefined
  }

  /** Asks that thing to say when it ends; `unfollow` takes that back. */
  protected follow(): void {}
  protected unfollow(): void {}
  /** Whether the process should live on for it. */
  protected hold(_holds: boolean): void {}

  // The truth ---------------------------------------------------------------------------------------------------

  /** How it has ended, if it has. */
  ending(): Ending | undefined {
    return this.#ending ?? this.#look()
  }

  /** Looks up the tree, and carries out what nobody has noticed yet. Of several endings the first in time counts. */
  #look(): Ending | undefined {
    let first: Ending | undefined
    let unnoticed: CancelContext | undefined
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      const known = scope.#ending
      const ending = known ?? (scope.#dependsOnOthers ? scope.firing() : undefined)
      if (ending && !(first && first.at <= ending.at)) {
        first = ending
        unnoticed = known ? undefined : scope
      }
      if (known) break
    }
    if (!first) return undefined
    if (unnoticed) unnoticed.#end(first)
    this.#ending ??= first
    return this.#ending
  }

  /** Cancels it, unless it has ended already. */
  end(state: State, given: unknown): void {
    if (this.ending()) return
    this.#end(new Ending(state, this.#isTimed ? clock.now() : 0, given))
  }

  #end(ending: Ending): void {
    this.#ending = ending
    const wasWatched = this.#isWatched
    const wasWaitedFor = this.#waiting > 0
    const reached: CancelContext[] = [this]
    for (const scope of reached) scope.#tell(ending, reached)
    if (!this.up) return
    if (wasWatched) this.up.unwatch(this)
    if (wasWaitedFor) this.up.#release()
  }

  #tell(ending: Ending, reached: CancelContext[]): void {
    this.unfollow()
    // Before anything here hears of it, which may take its time.
    this.#publish?.(ending)
    // One by one, since what one does when it is told may take others away.
    const first = this.#first
    this.#first = undefined
    if (first) this.#tellOne(first, ending, reached)
    if (!this.#others) return
    for (const listener of this.#others) {
      this.#others.delete(listener)
      this.#tellOne(listener, ending, reached)
    }
  }

  #tellOne(listener: Listener, ending: Ending, reached: CancelContext[]): void {
    if (listener instanceof CancelContext) {
      listener.#ending ??= ending
      reached.push(listener)
    } else listener.cancel(ending.cause)
  }

  /** Answers whether somebody was there before. */
  #join(listener: Listener): boolean {
    const isWatched = this.#isWatched
    if (isWatched) {
      this.#others ??= new Set()
      this.#others.add(listener)
    } else this.#first = listener
    return isWatched
  }

  #leave(listener: Listener): boolean {
    if (this.#first !== listener) return this.#others?.delete(listener) ?? false
    this.#first = undefined
    return true
  }

  get #isWatched(): boolean {
    return this.#first !== undefined || (this.#others !== undefined && this.#others.size > 0)
  }

  /** A scope below has a deadline. */
  protected markTimed(): void {
    for (let scope = this.up; scope && !scope.#isTimed; scope = scope.up) scope.#isTimed = true
  }

  // Those who wait, and others who want to be told ---------------------------------------------------------------

  get canceled(): boolean {
    return this.ending() !== undefined
  }

  get reason(): unknown {
    return this.ending()?.cause
  }

  /** Cancels `waiter` when it ends. Keeps the process alive until then, if it has a deadline. */
  add(waiter: Cancellable): void {
    this.#hold()
    this.watch(waiter)
  }

  delete(waiter: Cancellable): void {
    if (this.unwatch(waiter)) this.#release()
  }

  /** Tells `listener` when it ends; keeps nothing alive. */
  watch(listener: Cancellable): void {
    let below: Listener = listener
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      if (scope.#join(below)) return
      scope.follow()
      below = scope
    }
  }

  /** Calls `publish` when it ends, before all others are told; at once if it has. */
  publishWith(publish: (ending: Ending) => void): void {
    const ending = this.ending()
    if (ending) return publish(ending)
    this.#publish = publish
    this.watch(NOBODY)
  }

  /** Answers false if `listener` has been told, or was never there. */
  unwatch(listener: Listener): boolean {
    if (!this.#leave(listener)) return false
    // Nobody is left: so it need not be told itself. (What has ended is not in any list.)
    let scope: CancelContext = this
    while (!scope.#isWatched && !scope.#ending) {
      scope.unfollow()
      const { up } = scope
      if (up === undefined || !up.#leave(scope)) break
      scope = up
    }
    return true
  }

  #hold(): void {
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      if (scope.#waiting++ > 0) return
      scope.hold(true)
    }
  }

  #release(): void {
    for (let scope: CancelContext | undefined = this; scope; scope = scope.up) {
      // What has ended holds nothing, and counts no more.
      if (scope.#ending || --scope.#waiting > 0) return
      scope.hold(false)
    }
  }

  // What users see -----------------------------------------------------------------------------------------------

  override done(): ReceiveChan<never> {
    this.#done ??= new Channel<never>(new DoneMedium(this))
    return this.#done
  }

  override err(): Error | undefined {
    return this.ending()?.error
  }

  override get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController()
      this.#controller = controller
      standFor(controller.signal, this)
      const ending = this.ending()
      if (ending) controller.abort(ending.cause)
      else this.watch({ cancel: reason => controller.abort(reason) })
    }
    return this.#controller.signal
  }

  toString(): string {
    return `${nameOf(this.parent)}.WithCancel`
  }
}

/** Keeps a context informed. */
const NOBODY: Cancellable = { cancel() {} }
