import process from 'node:process'

/** Chance that can be had again: MILLRACE_SEED, or a new one, which the program prints. */
export const seed = Number(process.env.MILLRACE_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** MILLRACE_LONG=1: the form for a night. */
export const isLong = process.env.MILLRACE_LONG === '1'

export const say = (line: object): void => console.log(JSON.stringify(line))
