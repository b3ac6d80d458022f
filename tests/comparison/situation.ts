/** Something that happens to users of such libraries, tried with each contestant. */
export interface Situation {
  /** A question. */
  readonly name: string
  /** What happens to each contestant, in a few words, by its name. */
  readonly tries: { readonly [contestant: string]: () => Promise<string> }
}

export interface Topic {
  readonly title: string
  readonly about: string
  /** Where users have reported such things; some are mended by now. */
  readonly reports: readonly string[]
  readonly contestants: readonly string[]
  readonly situations: readonly Situation[]
}

/** The same try with each contestant. */
export function withEach<C>(
  contestants: { readonly [name: string]: C },
  attempt: (contestant: C) => Promise<string>,
): Situation['tries'] {
  return Object.fromEntries(
    Object.entries(contestants).map(([name, contestant]) => [name, () => attempt(contestant)]),
  )
}
