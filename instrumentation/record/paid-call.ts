// A paid call: a model call that has ended, as far as its notes and the shares of its cost need it.

import type { SpanContext } from '@opentelemetry/api';
import type { BlockShape } from '../../core/attribution/block-shape.ts';
import type { AppliedEdits } from '../../core/attribution/context-edits.ts';
import type { RequestShape } from '../../core/attribution/request-shape.ts';
import type { CallCost } from '../../core/pricing/cost.ts';
import type { UsageReading } from '../../core/pricing/usage.ts';
import type { RequestFacts } from './request-facts.ts';
import type { Run } from './run.ts';

export interface PaidCall {
  readonly shape: RequestShape;
  readonly reading: UsageReading;
  readonly cost: CallCost | undefined;
  readonly output: readonly BlockShape[];
  /** What the server cleared of the request. */
  readonly applied: AppliedEdits;
  readonly spanContext: SpanContext;
  readonly endMs: number;
}

export interface PaidModelCall {
  readonly run: Run;
  readonly step: number;
  readonly facts: RequestFacts;
  readonly answer: { readonly model: string | undefined };
  readonly revision: string | undefined;
  readonly sdkVersion: string | undefined;
}
