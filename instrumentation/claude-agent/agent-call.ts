// A model call of the Claude Agent SDK: made inside its own program, seen here only as messages. One call
// is all messages with the same message id; its usage is repeated on each of them.

import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { modelCallFields } from '../../core/model-call/model-call-fields.ts';
import { providerOf } from '../../core/pricing/circumstances.ts';
import { priceCall, type PriceOverrides } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import {
  addToReading,
  inputTotal,
  NO_USAGE,
  readingOf,
  type Usage,
  type UsageError,
  type UsageReading,
} from '../../core/pricing/usage.ts';
import { attributesOf, type Fields } from '../record/event-log.ts';
import { guard } from '../process/guard.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import type { Telemetry } from '../record/telemetry.ts';

export interface AgentCall {
  readonly run: Run;
  readonly id: string;
  readonly model: string;
  readonly step: number;
  readonly startMs: number;
  endMs: number;
  requestId: string | undefined;
  errorType: string | undefined;
  retriedStatus: readonly string[];
  /** What its messages say; of a call that no message showed nothing. */
  readonly answer: MessageReader;
  /** What the totals of the result count beyond the messages. */
  rest: Usage | undefined;
  /** Why the answer stopped, where only the result says so. */
  stopReason: string | undefined;
  /** Whether the session ended in the middle of it, with nothing after it. */
  isCut: boolean;
}

/** The usage of the call: of its messages, with what the totals have beyond them. */
export function readingOfCall({ answer, rest }: AgentCall): UsageReading | UsageError {
  const seen = answer.isEmpty ? readingOf(NO_USAGE) : answer.reading;
  return rest === undefined || 'error' in seen ? seen : addToReading(seen, rest);
}

/** Writes the span and the event of a finished call; gives its cost, where it has one. */
export function recordAgentCall(
  telemetry: Telemetry,
  call: AgentCall,
  overrides: PriceOverrides | undefined,
): number | undefined {
  return guard('record agent call', () => {
    const { run, answer } = call;
    const reading = readingOfCall(call);
    const stopReason = answer.stopReason ?? call.stopReason;
    const { circumstances } = requestOfMessage(answer, { atMs: call.startMs });
    const cost = priceCall(
      reading,
      {
        ...circumstances,
        model: call.model,
        stopReason,
        isComplete: stopReason !== undefined || !call.isCut,
      },
      overrides,
    );
    const fields: Fields = {
      ...run.fields(),
      ...modelCallFields({
        provider: providerOf('anthropic'),
        requestedModel: answer.requestedModel ?? call.model,
        answer,
        model: call.model,
        responseId: call.id === '' ? undefined : call.id,
        finishReasons: stopReason === undefined ? undefined : [stopReason],
        requestId: call.requestId,
        revision: telemetry.revision,
        durationMs: Math.max(0, call.endMs - call.startMs),
        errorType: call.errorType,
        step: call.step,
        attempts: call.retriedStatus.length + 1,
        retriedStatus: call.retriedStatus,
        reading,
        cost,
      }),
    };
    const span = telemetry.tracer.startSpan(
      `chat ${call.model}`,
      { kind: SpanKind.CLIENT, startTime: call.startMs, attributes: attributesOf(fields) },
      run.contextOf(ROOT_CONTEXT),
    );
    span.end(call.endMs);
    telemetry.silentWatch.seeCall(run, call.endMs, span.spanContext(), fields);
    telemetry.events.emit('agent.model_call', call.endMs, span.spanContext(), {
      ...fields,
      parent_span_id: parentSpanId(span),
    });
    if (!('error' in reading)) {
      run.tokensIn += inputTotal(reading.usage);
      run.tokensOut += reading.usage.output;
    }
    run.retries += call.retriedStatus.length;
    if (cost.status === 'unpriced') return undefined;
    run.costNanoUsd += cost.costNanoUsd;
    return cost.costNanoUsd;
  });
}
