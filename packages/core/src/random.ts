// Xorshift128 (Marsaglia 2003): choosing among ready cases must be uniform and cost next to nothing; nobody's safety rests on
// it. Each thread has its own, seeded by chance.

let x = seed()
let y = seed()
let z = seed()
let w = seed()

function seed(): number {
  return (Math.random() * 0x1_0000_0000) | 1
}

/** A whole number from 0 to n - 1; n up to 2^31. */
export function randomBelow(n: number): number {
  const t = x ^ (x << 11)
  x = y
  y = z
  z = w
  w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
  return Math.floor(((w >>> 0) / 0x1_0000_0000) * n)
}
