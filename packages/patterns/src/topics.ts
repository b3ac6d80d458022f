// Topics and patterns, as in NATS: names joined by dots. In a pattern `*` stands for one name, and `>` at the end for one or more.

/** The names of a topic. @throws {TypeError} It is not a string. @throws {RangeError} It is none. */
export function topicNames(topic: string): string[] {
  const names = split('topic', topic)
  const wildcard = names.find(name => name === '*' || name === '>')
  if (wildcard !== undefined) {
    throw new RangeError(`PubSub: a topic has no wildcards, got "${topic}" (they are for subscribe)`)
  }
  return names
}

/** The names of a pattern, wildcards among them. @throws {TypeError} It is not a string. @throws {RangeError} It is none. */
export function patternNames(pattern: string): string[] {
  const names = split('pattern', pattern)
  if (names.slice(0, -1).includes('>')) {
    throw new RangeError(`PubSub: ">" stands at the end of a pattern only, got "${pattern}"`)
  }
  return names
}

function split(what: string, text: string): string[] {
  if (typeof text !== 'string') throw new TypeError(`PubSub: a ${what} must be a string, got ${typeof text}`)
  const names = text.split('.')
  if (names.includes('')) {
    throw new RangeError(`PubSub: a ${what} is names joined by dots, none of them empty, got "${text}"`)
  }
  return names
}

interface Node<S> {
  readonly below: Map<string, Node<S>>
  readonly subscribers: Set<S>
}

const newNode = <S>(): Node<S> => ({ below: new Map(), subscribers: new Set() })

/**
 * Who has subscribed to what: a tree of names, so that a topic is looked up in time that goes with the number of its names and of
 * those who get it, not of all who have subscribed. What is not needed any more is gone from it.
 */
export class TopicTree<S> {
  readonly #root: Node<S> = newNode()

  add(pattern: readonly string[], subscriber: S): void {
    let node = this.#root
    for (const name of pattern) {
      let next = node.below.get(name)
      if (!next) {
        next = newNode()
        node.below.set(name, next)
      }
      node = next
    }
    node.subscribers.add(subscriber)
  }

  delete(pattern: readonly string[], subscriber: S): void {
    const path = [this.#root]
    for (const name of pattern) {
      const next = path.at(-1)!.below.get(name)
      if (!next) return
      path.push(next)
    }
    path.at(-1)!.subscribers.delete(subscriber)
    for (let depth = pattern.length; depth > 0; depth--) {
      const { below, subscribers } = path[depth]!
      if (below.size > 0 || subscribers.size > 0) return
      path[depth - 1]!.below.delete(pattern[depth - 1]!)
    }
  }

  /** All whose pattern matches the topic. */
  match(topic: readonly string[]): S[] {
    const found: S[] = []
    let nodes = [this.#root]
    for (const name of topic) {
      const next: Node<S>[] = []
      for (const { below } of nodes) {
        const tail = below.get('>')
        if (tail) found.push(...tail.subscribers)
        for (const node of [below.get(name), below.get('*')]) if (node) next.push(node)
      }
      nodes = next
    }
    for (const { subscribers } of nodes) found.push(...subscribers)
    return found
  }

  /** Nothing is in it. */
  get isEmpty(): boolean {
    return this.#root.below.size === 0
  }
}
