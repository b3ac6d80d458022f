/** The first task of a thread of piscina or tinypool. */
export const empty = (): void => {}
