// Observation of batch results: the only place where the usage of a batched request can be seen. Each row
// that the caller reads becomes one model call; a row that is read twice counts once for readers, by its id.

import { context, SpanKind, type Span } from '@opentelemetry/api';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { modelCallFields } from '../../core/model-call/model-call-fields.ts';
import { providerOf } from '../../core/pricing/circumstances.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import { chain } from '../follow/chain.ts';
import { guard } from '../process/guard.ts';
import type { PaidAmount } from '../record/model-call.ts';
import { currentIdentity } from '../record/identity.ts';
import { limitBatches, settleRow, type CreatesBatches } from './limit-batches.ts';
import type { Observer } from './observer.ts';
import { replaceMethod } from './replace-method.ts';
import { asJson, type Json } from '../../core/model-call/json.ts';

export interface BatchesClass {
  readonly prototype: CreatesBatches & {
    results?: (...parameters: unknown[]) => Promise<AsyncIterable<unknown>>;
  };
}

export function observeBatchesClass(
  observer: Observer,
  { prototype }: BatchesClass,
  sdkVersion: string | undefined,
): void {
  limitBatches(observer, prototype);
  replaceMethod<NonNullable<BatchesClass['prototype']['results']>>(
    prototype,
    'results',
    (results) =>
      function (this: object, ...parameters) {
        return chain(
          () => results.apply(this, parameters),
          (rows) => {
            guard('observe batch', () => {
              observeRows(observer, rows, sdkVersion, String(parameters[0]));
            });
            return rows;
          },
          () => undefined,
        );
      },
  );
}

function observeRows(
  observer: Observer,
  rows: AsyncIterable<unknown>,
  sdkVersion: string | undefined,
  batchId: string,
): void {
  const iterate = rows[Symbol.asyncIterator].bind(rows);
  Object.defineProperty(rows, Symbol.asyncIterator, {
    configurable: true,
    writable: true,
    enumerable: false,
    value: async function* () {
      const span = guard('batch span', () => openBatchSpan(observer));
      try {
        for await (const row of { [Symbol.asyncIterator]: iterate }) {
          guard('batch row', () => {
            if (span === undefined) return;
            const paid = recordRow(observer, span, row, sdkVersion);
            settleRow(observer, batchId, row, paid);
          });
          yield row;
        }
      } finally {
        guard('end batch span', () => span?.end());
      }
    },
  });
}

/** The span of reading the results of a batch. */
export function openBatchSpan(observer: Observer): Span {
  return observer.telemetry.tracer.startSpan('batch_results', { kind: SpanKind.CLIENT });
}

/** The message of a row: where its usage has no tier at all, it is that of batches, wherever its results were read. */
function ofBatch(message: Json): Json {
  const usage = asJson(message['usage']);
  return message['usage'] === undefined || usage['service_tier'] !== undefined
    ? message
    : { ...message, usage: { ...usage, service_tier: 'batch' } };
}

/** Records one row of the results as a model call, where it is billed. */
export function recordRow(
  observer: Observer,
  span: Span,
  row: unknown,
  sdkVersion: string | undefined,
): PaidAmount | undefined {
  const result = asJson(asJson(row)['result']);
  // Rows that failed, were cancelled or expired are not billed.
  if (result['type'] !== 'succeeded') return undefined;
  const answer = new MessageReader().readMessage(ofBatch(asJson(result['message'])));
  const { model } = answer;
  if (model === undefined) return undefined;
  const nowMs = Date.now();
  const { reading, circumstances } = requestOfMessage(answer, { atMs: nowMs });
  const cost = priceCall(reading, circumstances, observer.overrides);
  const identity = currentIdentity();
  const run = observer.runs.runIn(context.active());
  observer.telemetry.events.emit('agent.model_call', nowMs, span.spanContext(), {
    ...(run?.fields() ?? {
      'user.id': identity.userId,
      'gen_ai.conversation.id': identity.sessionId,
      'agent.task_type': identity.taskType,
    }),
    ...modelCallFields({
      provider: providerOf('anthropic'),
      requestedModel: answer.requestedModel ?? model,
      answer,
      revision: observer.telemetry.revision,
      sdkVersion,
      reading,
      cost,
    }),
  });
  return {
    costNanoUsd: cost.status === 'unpriced' ? undefined : cost.costNanoUsd,
    reading: 'error' in reading ? undefined : reading,
    wasAnswered: true,
  };
}
