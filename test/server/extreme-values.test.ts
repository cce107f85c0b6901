// Every field of the schema with extreme values, by logs and by spans: afterwards every page and every address of the
// API still answers.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { numberLimitsOf } from '../../core/field-limits.ts';
import { columnOf, tableOf } from '../../core/columns.ts';
import {
  EVENT_NAMES,
  FIELDS,
  FIELD_KEYS,
  fieldsOf,
  type EventName,
  type FieldKey,
} from '../../core/schema.ts';
import { JSON_TYPE, getJson, post, startTestServer, type TestServer } from './harness.ts';
import { addressesOf } from './every-address.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.remove());

const INTEGERS = [
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740991',
  '-9007199254740991',
  '4611686018427387904',
  '-1',
  '0',
];
const DOUBLES = [1.797e308, -1.797e308, 5e-324, -0.5, 1e16];
const TEXTS = [
  '',
  '\u0000',
  '\u{1f600}'.repeat(5000),
  '../../etc',
  "'; DROP TABLE spans; --",
  '\u202e',
  'NaN',
];
const TIMES = ['0', '1', '18446744073709551615', '9223372036854775807', '4102444800000000001'];

interface AnyValue {
  readonly [kind: string]: unknown;
}

function valuesOf(key: FieldKey): AnyValue[] {
  const numbers = [
    ...INTEGERS.map((intValue) => ({ intValue })),
    ...DOUBLES.map((doubleValue) => ({ doubleValue })),
  ];
  const texts = TEXTS.map((stringValue) => ({ stringValue }));
  switch (FIELDS[key].type) {
    case 'int':
    case 'float':
      return [...numbers, { stringValue: '1e999' }];
    case 'strings':
      return [
        { arrayValue: { values: texts } },
        { arrayValue: { values: [] } },
        { arrayValue: { values: Array.from({ length: 2000 }, () => ({ stringValue: 'x' })) } },
      ];
    case 'bool':
      return [{ boolValue: true }, { boolValue: false }];
    case 'time':
      return [];
    default:
      return [...texts, { intValue: '5' }];
  }
}

let ids = 0;

function recordOf(name: string, attributes: readonly object[], timeUnixNano = `${Date.now()}000000`): object {
  ids++;
  return {
    timeUnixNano,
    eventName: name,
    traceId: ids.toString(16).padStart(32, '0'),
    spanId: ids.toString(16).padStart(16, '0'),
    attributes: [
      { key: 'agent.run_id', value: { stringValue: ids.toString(16).padStart(32, '0') } },
      ...attributes,
    ],
  };
}

async function send(records: readonly object[], resource: readonly object[] = []): Promise<void> {
  const body = {
    resourceLogs: [
      { resource: { attributes: resource }, scopeLogs: [{ scope: { name: 'x' }, logRecords: records }] },
    ],
  };
  const answer = await post(server.httpAddress, '/v1/logs', JSON.stringify(body), JSON_TYPE);
  expect([answer.status, answer.status === 200 ? '' : answer.body.toString()]).toEqual([200, '']);
}

/** Addresses that do not answer as they should. */
async function failures(): Promise<string[]> {
  const failed: string[] = [];
  for (const url of await addressesOf(server)) {
    const answer = await fetch(server.uiUrl + url);
    const text = await answer.text();
    if (answer.status >= 500)
      failed.push(`${url}: ${answer.status} ${text.slice(0, 200)} ${server.lines.at(-1) ?? ''}`);
  }
  return failed;
}

const LONG_RESOURCE = ['service.name', 'service.version', 'service.instance.id'].map((key) => ({
  key,
  value: { stringValue: 'r'.repeat(100_000) },
}));

/** All fields of an event, each with one of its values. */
function allFieldsOf(name: EventName, pick: number): object[] {
  return fieldsOf(name).flatMap((key) => {
    const values = valuesOf(key);
    return values.length === 0 || key === 'event.name' ? [] : [{ key, value: values[pick % values.length] }];
  });
}

describe('extreme values', () => {
  it('of every field, one by one and all at once, leave every address as it is', async () => {
    for (const name of EVENT_NAMES) {
      const records = fieldsOf(name).flatMap((key) =>
        valuesOf(key).map((value) => recordOf(name, [{ key, value }])),
      );
      records.push(...TIMES.map((time) => recordOf(name, [], time)));
      await send(records);
    }
    for (const pick of [0, 1, 2, 3, 4, 8])
      await send(
        EVENT_NAMES.map((name) => recordOf(name, allFieldsOf(name, pick))),
        LONG_RESOURCE,
      );
    expect(await failures()).toEqual([]);
  });

  it('of spans, too', async () => {
    const spans = TIMES.flatMap((start) =>
      TIMES.map((end) => {
        ids++;
        return {
          traceId: ids.toString(16).padStart(32, '0'),
          spanId: ids.toString(16).padStart(16, '0'),
          name: 'n'.repeat(50_000),
          kind: 2_147_483_647,
          startTimeUnixNano: start,
          endTimeUnixNano: end,
          status: { code: 99, message: 'm'.repeat(100_000) },
          attributes: [
            { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
            { key: 'gen_ai.system', value: { stringValue: 'anthropic' } },
            { key: 'gen_ai.usage.input_tokens', value: { intValue: INTEGERS[ids % INTEGERS.length] } },
            { key: 'gen_ai.usage.output_tokens', value: { intValue: INTEGERS[(ids + 3) % INTEGERS.length] } },
            { key: 'long', value: { stringValue: 'v'.repeat(1_000_000 / TIMES.length) } },
          ],
          events: [{ timeUnixNano: end, name: 'e', attributes: [] }],
        };
      }),
    );
    const body = { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: 'y' }, spans }] }] };
    const answer = await post(server.httpAddress, '/v1/traces', JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(await failures()).toEqual([]);
  });

  it('were brought within the limits of their fields', async () => {
    const file = await fetch(`${server.uiUrl}/api/export?format=jsonl`);
    const wrong: string[] = [];
    for (const line of (await file.text()).trim().split('\n')) {
      const event = JSON.parse(line) as Record<string, unknown>;
      for (const key of FIELD_KEYS) {
        const limits = numberLimitsOf(key);
        const value = key === 'timestamp' ? Date.parse(String(event[key])) : event[key];
        if (limits === undefined || typeof value !== 'number') continue;
        if (value < limits.least || value > limits.most)
          wrong.push(`${tableOf(event['event.name'] as never)}.${columnOf(key)}: ${value}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(await getJson(server, '/healthz')).toMatchObject({});
  });
});
