// The last fields of a span: what its event says goes out with it, and stands on it where others read it, too.

import { expect, it } from '@jest/globals';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { cutSentValue } from '../../core/field-limits.ts';
import { SPAN } from '../../core/otlp/otlp-fields.ts';
import { encodeSpan } from '../../instrumentation/encode/encode-span.ts';
import { attributesText } from '../../instrumentation/encode/otlp-values.ts';
import { RecordBatch } from '../../instrumentation/encode/record-batch.ts';
import { markOwn } from '../../instrumentation/otel/foreign-fields.ts';
import { setLastFields } from '../../instrumentation/record/event-log.ts';
import { readRequest, recordsOf } from './otlp-request.ts';

/** The attributes of a span that was sent, by their keys. */
function readAttributes(record: string): unknown {
  const batch = new RecordBatch();
  batch.add({ resource: resourceFromAttributes({}), scope: { name: 'sdk' }, record });
  const [span] = recordsOf(readRequest('traces', batch.finish()));
  return ((span?.['attributes'] ?? []) as { key: string }[]).toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

it.each([false, true])('are sent with it, whoever else sees it (another processor: %s)', (isWatched) => {
  const [own, other]: [ReadableSpan[], ReadableSpan[]] = [[], []];
  const processors = [own, other].map((ended) => ({
    onStart: () => undefined,
    onEnd: (span: ReadableSpan) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }));
  for (const processor of processors.slice(0, 1)) markOwn(processor);
  const provider = new TracerProvider({ spanProcessors: processors.slice(0, isWatched ? 2 : 1) });
  const span = provider
    .getTracer('sdk')
    .startSpan('chat', { attributes: { tokens_input: 1, 'url.path': '/' } });
  setLastFields(span, {
    tokens_input: 2,
    tokens_output: 3,
    'gen_ai.response.finish_reasons': ['end_turn'],
    'gen_ai.response.model': 'm'.repeat(300),
    'tallyspan.sdk.version': 'is no attribute',
  });
  span.setAttribute('tokens_output', 4);
  span.end();
  const sent = own.map((ended) => readAttributes(encodeSpan(ended, false)));
  const expected = attributesText(SPAN.attributes, {
    tokens_input: 2,
    'url.path.length': 1,
    tokens_output: 4,
    'gen_ai.response.finish_reasons': ['end_turn'],
    'gen_ai.response.model': cutSentValue('gen_ai.response.model', 'm'.repeat(300)),
  });
  expect(sent).toEqual([readAttributes(expected)]);
  expect(other.map(({ attributes }) => attributes['gen_ai.response.finish_reasons'])).toEqual(
    isWatched ? [['end_turn']] : [],
  );
});
