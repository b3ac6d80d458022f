import { registerError } from '@millrace/kernel'

/** What went wrong in a stage: `stage` names it, `cause` is what was thrown there. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code = 'ERR_PIPELINE'
  readonly stage: string

  constructor(stage: string, cause: unknown) {
    super(`pipeline: stage "${stage}": ${messageOf(cause)}`, { cause })
    this.stage = stage
  }
}

/** `retry` has given up: after so many attempts, of which the last failed with `cause`. */
export class RetryError extends Error {
  override readonly name = 'RetryError'
  readonly code = 'ERR_RETRY'
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    super(
      `retry: gave up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${messageOf(cause)}`,
      {
        cause,
      },
    )
    this.attempts = attempts
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

registerError('ERR_PIPELINE', (message, { stage }) =>
  Object.assign(new PipelineError(String(stage), undefined), { message }),
)
registerError('ERR_RETRY', (message, { attempts }) =>
  Object.assign(new RetryError(Number(attempts), undefined), { message }),
)
