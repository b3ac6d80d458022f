// The one door to shared memory's atomics: no other file names `atomic`. All are sequentially consistent,
// as WebAssembly has nothing weaker; the lost-wake-up arguments in parking.ts need exactly that.

/**
 * The address of a block that another thread has told of. It may have made memory grow for it, and the host not have told this thread
 * yet: an atomic access would trap. Growing by nothing makes it look.
 */
// @ts-expect-error: decorator
@inline
export function reachable(at: usize): usize {
  if (<i32>(at >> 16) >= memory.size()) memory.grow(0)
  return at
}

// @ts-expect-error: decorator
@inline
export function load32(at: usize, offset: usize = 0): u32 {
  return atomic.load<u32>(at + offset)
}

// @ts-expect-error: decorator
@inline
export function store32(at: usize, value: u32): void {
  atomic.store<u32>(at, value)
}

// @ts-expect-error: decorator
@inline
export function add32(at: usize, value: u32): u32 {
  return atomic.add<u32>(at, value)
}

// @ts-expect-error: decorator
@inline
export function xchg32(at: usize, value: u32): u32 {
  return atomic.xchg<u32>(at, value)
}

/** Compares and swaps; answers whether it swapped. */
// @ts-expect-error: decorator
@inline
export function cas32(at: usize, expected: u32, value: u32): bool {
  return atomic.cmpxchg<u32>(at, expected, value) == expected
}

// @ts-expect-error: decorator
@inline
export function load64(at: usize): u64 {
  return atomic.load<u64>(at)
}

// @ts-expect-error: decorator
@inline
export function store64(at: usize, value: u64): void {
  atomic.store<u64>(at, value)
}

/** Not atomic: for a block that nobody knows yet, and that a swap will publish. Costs a tenth of `store32`. */
// @ts-expect-error: decorator
@inline
export function prepare32(at: usize, value: u32): void {
  store<u32>(at, value)
}

/** As `prepare32`. */
// @ts-expect-error: decorator
@inline
export function prepare64(at: usize, value: u64): void {
  store<u64>(at, value)
}

/** Compares and swaps; answers whether it swapped. */
// @ts-expect-error: decorator
@inline
export function cas64(at: usize, expected: u64, value: u64): bool {
  return atomic.cmpxchg<u64>(at, expected, value) == expected
}

// @ts-expect-error: decorator
@inline
export function xchg64(at: usize, value: u64): u64 {
  return atomic.xchg<u64>(at, value)
}

/** Sets the bits of `mask`; answers what was there. */
// @ts-expect-error: decorator
@inline
export function or64(at: usize, mask: u64): u64 {
  return atomic.or<u64>(at, mask)
}

/** Keeps only the bits of `mask`; answers what was there. */
// @ts-expect-error: decorator
@inline
export function and64(at: usize, mask: u64): u64 {
  return atomic.and<u64>(at, mask)
}

/** Wakes whoever waits on the word, in whichever way: Atomics.wait, Atomics.waitAsync or memory.atomic.wait32. */
// @ts-expect-error: decorator
@inline
export function notifyAll(at: usize): void {
  atomic.notify(at, -1)
}
