// A limited request: a model call that is about to leave, and what the limiter answers: it is admitted, or refused.

import type { Context } from '@opentelemetry/api';
import type { Platform } from '../../core/pricing/circumstances.ts';
import type { Admission } from '../record/model-call.ts';
import type { RequestFacts } from '../record/request-facts.ts';
import type { Run } from '../record/run.ts';
import type { LimitExceededError } from './limit-error.ts';

/** A request that is about to leave. */
export interface LimitedRequest {
  readonly run: Run;
  readonly facts: RequestFacts;
  readonly body: unknown;
  readonly client: object | undefined;
  readonly platform: Platform | undefined;
  readonly region: string | undefined;
  readonly active: Context;
  /** The batch that it leaves with. */
  readonly batch?: LimitedBatch;
  /** Whether the request can be held back while a server is asked. */
  readonly canWait: boolean;
  /** False where the body that is sent is not ours to change. */
  readonly canShorten?: boolean;
}

/** What requests of a batch that are let through hold of limits in dollars, together. */
export interface LimitedBatch {
  nanoUsd: number;
}

/** Lets a request through; `maxTokens` is set where it may write less than it asked for. */
export interface Admitted {
  readonly admission: Admission;
  readonly maxTokens?: number;
}
export interface Refused {
  readonly error: LimitExceededError;
}
