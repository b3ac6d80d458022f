import { providesKinds } from '@millrace/core'

export type { CircuitBreakerJSON, CircuitState, CircuitWindow } from './circuit.js'
export { CircuitBreaker, type CircuitBreakerOptions } from './circuit-breaker.js'
export { CircuitOpenError, PipelineError, RetryError } from './errors.js'
export { fanIn } from './fan-in.js'
export { fanOut } from './fan-out.js'
export { generate } from './generate.js'
export { type MapOptions, map } from './map.js'
export { type Pipeline, pipeline, type Stage } from './pipeline.js'
export { every, RateLimiter, type RateLimiterOptions, type Reservation } from './rate-limiter.js'
export { type RetryOptions, retry } from './retry.js'
export { Sometimes, type SometimesOptions } from './sometimes.js'

// Threads know limiters and breakers that they are sent, also where their own modules do not import this.
providesKinds(import.meta.url)
