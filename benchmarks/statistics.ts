/** The middle value, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that a part `p` of the values is below, between two neighbours in proportion. NaN of nothing. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const place = p * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

/**
 * How many times `base` is `value`: the median over the rounds, each of which compares what was measured within seconds. So a
 * machine that slows down for a while takes both sides with it.
 */
export function ratio(values: readonly number[], base: readonly number[]): number {
  const rounds = Math.min(values.length, base.length)
  return median(Array.from({ length: rounds }, (_, i) => base[i] / values[i]))
}

/** The mean of ratios: twice as good and half as good make 1. NaN of nothing. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
