// Observation of batch results: the only place where the usage of a batched request can be seen. Each row
// that the caller reads becomes one model call; a row that is read twice counts once for readers, by its id.

import { context, SpanKind, type Span } from '@opentelemetry/api';
import { priceCall } from '../../core/pricing/cost.ts';
import { costFields, usageFields } from '../../core/pricing/cost-fields.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { guard } from '../process/guard.ts';
import { currentIdentity } from '../record/identity.ts';
import type { Observer } from './observer.ts';
import { asJson, asText } from '../record/request-facts.ts';

export interface BatchesClass {
  readonly prototype: { results?: (...parameters: unknown[]) => Promise<AsyncIterable<unknown>> };
}

export function observeBatchesClass(
  observer: Observer,
  { prototype }: BatchesClass,
  sdkVersion: string | undefined,
): void {
  const { results } = prototype;
  if (typeof results !== 'function') return;
  prototype.results = async function (...parameters) {
    const rows = await results.apply(this, parameters);
    guard('observe batch', () => {
      observeRows(observer, rows, sdkVersion);
    });
    return rows;
  };
}

function observeRows(observer: Observer, rows: AsyncIterable<unknown>, sdkVersion: string | undefined): void {
  const iterate = rows[Symbol.asyncIterator].bind(rows);
  Object.defineProperty(rows, Symbol.asyncIterator, {
    configurable: true,
    writable: true,
    enumerable: false,
    value: async function* () {
      const span = guard('batch span', () =>
        observer.telemetry.tracer.startSpan('batch_results', { kind: SpanKind.CLIENT }),
      );
      try {
        for await (const row of { [Symbol.asyncIterator]: iterate }) {
          guard('batch row', () => {
            if (span !== undefined) recordRow(observer, span, row, sdkVersion);
          });
          yield row;
        }
      } finally {
        guard('end batch span', () => span?.end());
      }
    },
  });
}

function recordRow(observer: Observer, span: Span, row: unknown, sdkVersion: string | undefined): void {
  const result = asJson(asJson(row)['result']);
  const message = asJson(result['message']);
  const model = asText(message['model']);
  // Rows that failed, were cancelled or expired are not billed.
  if (result['type'] !== 'succeeded' || model === undefined) return;
  const nowMs = Date.now();
  const usage = message['usage'];
  const reading = readUsage(usage);
  const stopReason = asText(message['stop_reason']);
  const identity = currentIdentity();
  const run = observer.runs.runIn(context.active());
  observer.telemetry.events.emit('agent.model_call', nowMs, span.spanContext(), {
    ...(run?.fields() ?? {
      'user.id': identity.userId,
      'gen_ai.conversation.id': identity.sessionId,
      'agent.task_type': identity.taskType,
    }),
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': model,
    'gen_ai.response.model': model,
    'gen_ai.response.id': asText(message['id']),
    'vcs.ref.head.revision': observer.telemetry.revision,
    'tallyspan.sdk.version': sdkVersion,
    'gen_ai.response.finish_reasons': stopReason === undefined ? undefined : [stopReason],
    ...('error' in reading ? {} : usageFields(reading)),
    ...costFields(priceCall({ model, usage, atMs: nowMs, stopReason }, observer.overrides)),
  });
}
