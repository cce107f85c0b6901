// Encoding: what we write is what OpenTelemetry's own serializer writes, and each record is written once.

import { describe, expect, it } from '@jest/globals';
import {
  ROOT_CONTEXT,
  SeverityNumber,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
  type Attributes,
} from '@opentelemetry/api';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import * as fc from 'fast-check';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeEvent, type EventRecord } from '../../core/event.ts';
import { withoutForeignContent } from '../../core/foreign-content.ts';
import { cutSentValue } from '../../core/field-limits.ts';
import { FIELD_KEYS, FIELDS, type FieldKey } from '../../core/schema.ts';
import { DailyFile } from '../../instrumentation/deliver/daily-file.ts';
import { encodeEventRecord, type EventHeader } from '../../instrumentation/encode/encode-event.ts';
import { encodeLogRecord } from '../../instrumentation/encode/encode-log.ts';
import { encodeSpan } from '../../instrumentation/encode/encode-span.ts';
import { attributesOf, EventLog } from '../../instrumentation/record/event-log.ts';
import { Journal } from '../../instrumentation/record/journal.ts';
import { readRefusedPart } from '../../instrumentation/encode/otlp-answer.ts';
import { bytesField, countField, textField, timeField } from '../../instrumentation/encode/otlp-values.ts';
import { RecordBatch, type EncodedRecord } from '../../instrumentation/encode/record-batch.ts';
import { Numbering } from '../../instrumentation/process/numbering.ts';
import { detectService, ServiceHolder } from '../../instrumentation/process/service.ts';
import { readRequest, recordsOf } from './otlp-request.ts';

const SPAN_CONTEXT = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};
const RESOURCE = resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'one' });
const SCOPE = { name: 'tallyspan', version: '1' };
/** Values at the edges of their encodings. */
const VALUES: Attributes = {
  empty: '',
  short: 'search',
  long: 'x'.repeat(127),
  longer: 'y'.repeat(128),
  'a key that is longer than what is copied by hand, and then some': 'z'.repeat(20_000),
  umlaut: 'Größe',
  umlauts: 'ü'.repeat(100),
  emoji: '🦜'.repeat(3_000),
  half: 'broken \ud800 pair',
  yes: true,
  no: false,
  zero: 0,
  byte: 127,
  two: 128,
  int32: 2 ** 31,
  uint32: 2 ** 32 - 1,
  beyond: 2 ** 32,
  large: Number.MAX_SAFE_INTEGER,
  huge: 2 ** 62,
  minus: -1,
  low: Number.MIN_SAFE_INTEGER,
  half_one: 0.5,
  enormous: 1e300,
  list: ['a', 'b', ''],
  numbers: [1, -2, 0.25],
  bytes: new Uint8Array([0, 1, 255]),
  nested: { inner: [{ deep: 'ä' }], n: 5 },
};

function encode(record: EncodedRecord): Uint8Array {
  const batch = new RecordBatch();
  batch.add(record);
  return batch.finish();
}

function recordOf(span: ReadableSpan, keepsContent: boolean): EncodedRecord {
  const { resource, instrumentationScope: scope } = span;
  return { resource, scope, record: encodeSpan(span, keepsContent) };
}

/** Spans of a provider, as they end. */
function makeSpans(): ReadableSpan[] {
  const ended: ReadableSpan[] = [];
  const provider = new TracerProvider({
    resource: RESOURCE,
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  const tracer = provider.getTracer('shop', '1.2.3', { schemaUrl: 'https://example.test/schema' });
  const remote = trace.setSpanContext(ROOT_CONTEXT, { ...SPAN_CONTEXT, isRemote: true });
  const span = tracer.startSpan(
    'chat claude',
    {
      kind: SpanKind.CLIENT,
      startTime: 1_795_262_400_123,
      attributes: VALUES,
      links: [{ context: SPAN_CONTEXT, attributes: { why: 'retry' } }],
    },
    remote,
  );
  span.addEvent('retry', { 'http.response.status_code': '429' }, 1_795_262_400_200);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no luck' });
  span.end(1_795_262_401_000);
  provider.getTracer('other').startSpan('root').end();
  return ended;
}

describe('a request of ours, read by the schema, is the one of the stock serializer', () => {
  it('for spans of several scopes', () => {
    const spans = makeSpans();
    const batch = new RecordBatch();
    for (const span of spans) batch.add(recordOf(span, true));
    const stock = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
    expect(spans).toHaveLength(2);
    expect(readRequest('traces', batch.finish())).toEqual(readRequest('traces', stock));
  });

  it('for log records of the program', () => {
    const records: ReadableLogRecord[] = [];
    const provider = new LoggerProvider({
      resource: RESOURCE,
      processors: [
        {
          onEmit: (record) => records.push(record),
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
    const logger = provider.getLogger('app', '2');
    logger.emit({
      severityNumber: SeverityNumber.INFO,
      severityText: 'INFO',
      body: { said: ['hello', 1] },
      attributes: VALUES,
      timestamp: 1_795_262_400_001,
      context: trace.setSpanContext(ROOT_CONTEXT, SPAN_CONTEXT),
    });
    logger.emit({ body: 'plain' });
    const batch = new RecordBatch();
    for (const record of records) {
      const { resource, instrumentationScope: scope } = record;
      batch.add({ resource, scope, record: encodeLogRecord(record, true) });
    }
    const stock = ProtobufLogsSerializer.serializeRequest(records) ?? new Uint8Array();
    expect(readRequest('logs', batch.finish())).toEqual(readRequest('logs', stock));
  });

  it('for an event with every field of the schema', () => {
    const event = Object.fromEntries(
      FIELD_KEYS.map((key, index) => [key, valueFor(FIELDS[key].type, index)]),
    ) as unknown as EventRecord;
    const { timestamp, 'event.name': name, ...others } = event;
    const header = { timestamp, 'event.name': name } as EventHeader;
    const { record, line } = encodeEventRecord(header, others, SPAN_CONTEXT);
    expect(line).toBe(encodeEvent(event));
    const ours = encode({ resource: RESOURCE, scope: SCOPE, record });
    expect(sorted(readRequest('logs', ours))).toEqual(sorted(readRequest('logs', stockRequest(event, line))));
  });
});

/** Values at the edges of their encodings, so few that many come again. */
const anyValue = fc.oneof(
  fc.constantFrom(0, -0, 1, 127, 128, 16_384, 2 ** 31, 2 ** 53, -1, 0.5, true, false),
  fc.constantFrom(
    '',
    'a',
    '0',
    'x'.repeat(127),
    'ü'.repeat(70),
    '"\\',
    'two\nlines',
    '\ud800',
    'z'.repeat(400),
  ),
  fc.constantFrom(['a'], ['a', 'ü'], [] as string[]),
  fc.integer(),
  fc.string({ unit: 'grapheme' }),
);
const someFields = fc.dictionary(
  fc.constantFrom(...FIELD_KEYS.filter((key) => key !== 'timestamp' && key !== 'event.name')),
  anyValue,
);
const someAttributes = fc.dictionary(
  fc.constantFrom('gen_ai.request.model', 'url.full', 'my.count', 'größe', 'toString'),
  anyValue,
);

describe('what was sent before changes nothing of what is sent', () => {
  it.each([true, false])('of a span (content: %s)', (keepsContent) => {
    const [span] = makeSpans();
    const spanOf = (attributes: unknown): ReadableSpan =>
      Object.create(span as ReadableSpan, {
        attributes: { value: attributes },
        events: { value: [] },
        links: { value: [] },
        status: { value: { code: SpanStatusCode.ERROR } },
      }) as ReadableSpan;
    fc.assert(
      fc.property(fc.array(someAttributes, { minLength: 2 }), (spans) => {
        for (const attributes of spans) {
          const sent = keepsContent ? attributes : withoutForeignContent(attributes);
          const stock = ProtobufTraceSerializer.serializeRequest([spanOf(sent)]) ?? new Uint8Array();
          const ours = encode(recordOf(spanOf(attributes), keepsContent));
          expect(readRequest('traces', ours)).toEqual(readRequest('traces', stock));
        }
      }),
    );
  });

  it('of an event', () => {
    const timestamp = 1_795_262_400_123;
    const header = { timestamp, 'event.name': 'agent.tool_call' } as EventHeader;
    fc.assert(
      fc.property(fc.array(someFields, { minLength: 2 }), (events) => {
        for (const fields of events) {
          const { record, line } = encodeEventRecord(header, fields, SPAN_CONTEXT);
          const cut = Object.entries(fields).map(([key, value]) => [
            key,
            cutSentValue(key as FieldKey, value),
          ]);
          expect(line).toBe(
            JSON.stringify({
              timestamp: new Date(timestamp).toISOString(),
              'event.name': 'agent.tool_call',
              ...Object.fromEntries(cut),
            }),
          );
          expect(readRequest('logs', encode({ resource: RESOURCE, scope: SCOPE, record }))).toEqual(
            readRequest('logs', stockRequest({ ...header, ...fields }, line)),
          );
        }
      }),
    );
  });
});

/** An event as the stock serializer writes it. */
function stockRequest(event: EventRecord, line: string): Uint8Array {
  const time: [number, number] = [1_795_262_400, 123_000_000];
  const request = ProtobufLogsSerializer.serializeRequest([
    {
      eventName: event['event.name'],
      hrTime: time,
      hrTimeObserved: time,
      spanContext: SPAN_CONTEXT,
      body: line,
      attributes: attributesOf(event),
      resource: RESOURCE,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
    },
  ]);
  return request ?? new Uint8Array();
}

/** Attributes are a map: their order says nothing. */
function sorted(request: unknown): unknown {
  return JSON.parse(
    JSON.stringify(request, (key, value: unknown) =>
      key === 'attributes' && Array.isArray(value)
        ? value.toSorted((a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1))
        : value,
    ),
  ) as unknown;
}

function valueFor(type: string, index: number): unknown {
  switch (type) {
    case 'string':
      return index === 1 ? 'agent.run' : `value "${String(index)}" \\ ü\n`;
    case 'time':
      return 1_795_262_400_123;
    case 'int':
      return index * 1_000_003 - 5;
    case 'float':
      return index + 0.5;
    case 'bool':
      return index % 2 === 0;
    default:
      return ['a', `"${String(index)}"`];
  }
}

function timesOf(request: Uint8Array): number[] {
  return recordsOf(readRequest('logs', request)).map(({ time }) => Number(time));
}

describe('a batch', () => {
  it('is empty after its request, and forgets scopes that are quiet', () => {
    const batch = new RecordBatch();
    const scope = { name: 'a' };
    batch.add({ resource: RESOURCE, scope, record: countField(2, 1) });
    expect(batch.finish().length).toBeGreaterThan(0);
    expect(batch.finish()).toHaveLength(0);
  });

  it('uses the memory of a request again when nobody reads it any more, and no sooner', () => {
    const batch = new RecordBatch();
    const scope = { name: 'a' };
    const request = (time: number): Uint8Array => {
      batch.add({ resource: RESOURCE, scope, record: timeField(1, [0, time]) });
      return batch.finish();
    };
    const [first, second] = [request(1), request(2)];
    expect([first, second].map(timesOf)).toEqual([[1], [2]]);
    // A request that was put aside meanwhile is not the last one.
    batch.takeBack(first);
    const third = request(3);
    expect([second, third].map(timesOf)).toEqual([[2], [3]]);
    batch.takeBack(third);
    const fourth = request(4);
    expect([second, fourth].map(timesOf)).toEqual([[2], [4]]);
    expect(fourth.buffer).toBe(third.buffer);
  });

  it('keeps the records in order, however many there are', () => {
    const batch = new RecordBatch();
    const scope = { name: 'a' };
    const records = Array.from({ length: 2_000 }, (_, index) => index * 1_000_000);
    for (const time of records) batch.add({ resource: RESOURCE, scope, record: timeField(1, [0, time]) });
    expect(timesOf(batch.finish())).toEqual(records);
  });
});

describe('an event is encoded once', () => {
  it('for its record, the daily file and the journal together', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-encoding-'));
    let encodings = 0;
    // Whoever makes JSON of the event asks its list for its JSON form.
    const keys = Object.assign(['a', 'b'], {
      toJSON: () => {
        encodings += 1;
        return ['a', 'b'];
      },
    });
    const bodies: string[] = [];
    const file = new DailyFile(folder);
    const service = new ServiceHolder(detectService(undefined));
    const log = new EventLog((record) => bodies.push(...bodiesOf(encode(record))), service, '1', file);
    const event = log.emitStart(1_795_262_400_123, SPAN_CONTEXT, {
      'agent.run_id': 'run',
      'tool.input_keys': keys,
    });
    const numbering = new Numbering();
    const { processId } = numbering;
    const journal = new Journal(path.join(folder, 'journal'), 'aaaaaaaa', numbering);
    journal.begin(event);
    log.write();
    const daily = readdirSync(folder).find((name) => name.endsWith('.jsonl'));
    const [journalName] = readdirSync(path.join(folder, 'journal'));
    const line = readFileSync(path.join(folder, daily ?? ''), 'utf8').trim();
    expect(bodies).toEqual([line]);
    expect(readFileSync(path.join(folder, 'journal', journalName ?? ''), 'utf8')).toBe(
      `process ${JSON.stringify({ instanceId: 'aaaaaaaa', processId })}\nstart ${line}\n`,
    );
    expect(encodings).toBe(1);
    journal.end('run');
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

function bodiesOf(request: Uint8Array): string[] {
  return recordsOf(readRequest('logs', request)).map(
    ({ body }) => (body as { string_value: string }).string_value,
  );
}

describe('the answer to a request', () => {
  it('tells what was refused, and why', () => {
    const answer = bytesField(1, countField(1, 300) + textField(2, 'too old'));
    expect(readRefusedPart(Buffer.from(answer, 'latin1'))).toEqual({ count: 300, reason: 'too old' });
    expect(readRefusedPart(new Uint8Array())).toBeUndefined();
  });

  it('that is no protobuf is an error, not a number', () => {
    expect(() => readRefusedPart(Buffer.from('<html>'))).toThrow('wire type');
  });
});
