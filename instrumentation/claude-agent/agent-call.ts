// A model call of the Claude Agent SDK: made inside its own program, seen here only as messages. One call
// is all messages with the same message id; its usage is repeated on each of them.

import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { modelCallFields } from '../../core/model-call/model-call-fields.ts';
import { providerOf } from '../../core/pricing/circumstances.ts';
import { priceCall, type CallCost, type PriceOverrides } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import { inputTotal, readUsage } from '../../core/pricing/usage.ts';
import { attributesOf, type Fields } from '../record/event-log.ts';
import { guard } from '../process/guard.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import type { Telemetry } from '../record/telemetry.ts';

/** The messages count its output as it was when they began. */
const OUTPUT_NOT_COUNTED = 'output_not_counted';

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
  /** What its messages say. */
  readonly answer: MessageReader;
  /** Why the answer stopped, where only the result says so. */
  stopReason: string | undefined;
  /** The end of its stream, where the caller asked for the stream: the usage that was billed. */
  end: { readonly stop_reason?: unknown; readonly usage: unknown } | undefined;
  /** Whether the session ended in the middle of it, with nothing after it. */
  isCut: boolean;
}

/**
 * Whether its output was counted to the end. A message comes with the count at the begin of its stream, unless it says
 * why it stopped or the end of the stream was seen.
 */
export function isCounted({ answer, end }: AgentCall): boolean {
  return end !== undefined || answer.stopReason !== undefined;
}

/** The usage of a turn of one call is that of the call, to its end. */
export function countByTurn(
  call: AgentCall,
  { usage, stop_reason }: Readonly<Record<string, unknown>>,
): void {
  const [seen, whole] = [call.answer.reading, readUsage(usage)];
  if (isCounted(call) || 'error' in seen || 'error' in whole) return;
  const isSame = inputTotal(seen.usage) === inputTotal(whole.usage);
  if (!isSame || whole.usage.output < seen.usage.output) return;
  const output_tokens = whole.usage.output;
  call.end = { stop_reason, usage: { ...call.answer.rawUsage, output_tokens } };
  call.answer.readSlice({ ...call.answer.envelope, ...call.end });
}

/** Writes the span and the event of a finished call; gives its cost, where it has one. */
export function recordAgentCall(
  telemetry: Telemetry,
  call: AgentCall,
  overrides: PriceOverrides | undefined,
): number | undefined {
  return guard('record agent call', () => {
    const { run, answer } = call;
    const { reading } = answer;
    const stopReason = answer.stopReason ?? call.stopReason;
    const { circumstances } = requestOfMessage(answer, { atMs: call.startMs });
    const counted = priceCall(
      reading,
      {
        ...circumstances,
        model: call.model,
        stopReason,
        isComplete: stopReason !== undefined || !call.isCut,
      },
      overrides,
    );
    const isKnown = isCounted(call);
    const cost: CallCost =
      counted.status === 'priced' && !isKnown
        ? { ...counted, status: 'estimated', reason: OUTPUT_NOT_COUNTED }
        : counted;
    const fields: Fields = {
      ...run.fields(),
      'tallyspan.source': isKnown ? undefined : 'messages',
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
    telemetry.sightings.seeCall('sdk');
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
