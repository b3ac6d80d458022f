/** Lets this thread stand still for `ms`, where no other could wake it. Busy on hosts where a thread cannot sleep. */
export function pause(ms: number): void {
  if (typeof SharedArrayBuffer !== 'undefined') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    return
  }
  const end = performance.now() + ms
  while (performance.now() < end);
}
