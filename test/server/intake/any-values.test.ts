// Ten thousand well made requests with any values in any field of the schema: logs and spans, JSON and protobuf, HTTP and
// gRPC. Afterwards every address answers, and the memory is back where it was.

import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EVENT_NAMES, FIELDS, FIELD_KEYS, type FieldKey } from '../../../core/schema.ts';
import { encodeRequest } from '../../fakes/otlp-schema.ts';
import { Random } from '../../fixtures/random.ts';
import { addressesOf } from '../every-address.ts';
import { startChildServer, type ChildServer } from '../child-server.ts';
import { makeDataDir } from '../data-dir.ts';
import { JSON_TYPE, PROTOBUF_TYPE, post } from '../harness.ts';
import { TRACES_EXPORT, openGrpc, sendGrpc } from './grpc-sender.ts';

const BODIES = 10_000;
const WARM_UP = 2000;
/** They share commits: a few at once would take twice as long. */
const AT_ONCE = 240;
const RUNS = 200;
const GROWTH_LIMIT_BYTES = 150e6;

const INTEGERS = ['9223372036854775807', '-9223372036854775808', '9007199254740993', '-1', '0', '1', '1000'];
const DOUBLES = [1.797e308, -1.797e308, 5e-324, 0.5, -1, 1e16];
const TEXTS = [
  '',
  '\u0000',
  '\u{1f600}'.repeat(40),
  '<b>&"',
  "';--",
  '\u202e',
  '1e999',
  'claude-opus-5-5',
  '{"a":1}',
];
const DIALECT_KEYS = [
  'gen_ai.operation.name',
  'gen_ai.system',
  'openinference.span.kind',
  'llm.token_count.prompt',
  'traceloop.span.kind',
];

let server: ChildServer;
let grpc: Client;

beforeAll(async () => {
  // In a process of its own: its memory is its own, and it collects no garbage of the tests.
  server = await startChildServer({ dataDir: await makeDataDir() });
  grpc = openGrpc(server.grpcAddress);
});

afterAll(async () => {
  grpc.close();
  await server.stop('SIGTERM');
  await rm(server.dataDir, { recursive: true, force: true });
});

function anyValue(random: Random, key: string): object {
  const type = Object.hasOwn(FIELDS, key) ? FIELDS[key as FieldKey].type : 'string';
  const kind = random.isLikely(0.8)
    ? type
    : random.pick(['string', 'int', 'float', 'bool', 'strings'] as const);
  switch (kind) {
    case 'int':
      return { intValue: random.pick(INTEGERS) };
    case 'float':
      return { doubleValue: random.pick(DOUBLES) };
    case 'bool':
      return { boolValue: random.isLikely(0.5) };
    case 'strings':
      return {
        arrayValue: {
          values: Array.from({ length: random.int(0, 5) }, () => ({ stringValue: random.pick(TEXTS) })),
        },
      };
    default:
      return { stringValue: random.isLikely(0.02) ? 'x'.repeat(random.int(1, 200_000)) : random.pick(TEXTS) };
  }
}

function attributesOf(random: Random, keys: readonly string[]): object[] {
  return Array.from({ length: random.int(0, 12) }, () => {
    const key = random.pick(keys);
    return { key, value: anyValue(random, key) };
  });
}

function timeOf(random: Random): string {
  const usual = `${Date.now() - random.int(0, 864e5)}000000`;
  return random.isLikely(0.8)
    ? usual
    : random.pick(['0', '1', '18446744073709551615', '9223372036854775807']);
}

function requestOf(random: Random, signal: 'logs' | 'traces'): object {
  const resource = {
    attributes: attributesOf(random, ['service.name', 'service.version', 'service.instance.id']),
  };
  const run = random.int(1, RUNS).toString(16).padStart(32, '0');
  if (signal === 'logs') {
    const logRecords = Array.from({ length: random.int(1, 4) }, () => ({
      timeUnixNano: timeOf(random),
      eventName: random.pick([...EVENT_NAMES, 'other']),
      traceId: run,
      spanId: random.hex(16),
      attributes: [{ key: 'agent.run_id', value: { stringValue: run } }, ...attributesOf(random, FIELD_KEYS)],
      ...(random.isLikely(0.3) ? { body: anyValue(random, 'agent.note.text') } : {}),
    }));
    return {
      resourceLogs: [
        { resource, scopeLogs: [{ scope: { name: random.pick(['tallyspan', 'x']) }, logRecords }] },
      ],
    };
  }
  const spans = Array.from({ length: random.int(1, 4) }, () => ({
    traceId: run,
    spanId: random.hex(16),
    name: random.pick(TEXTS),
    kind: random.pick([0, 1, 5, 99]),
    startTimeUnixNano: timeOf(random),
    endTimeUnixNano: timeOf(random),
    attributes: attributesOf(random, [
      ...FIELD_KEYS,
      ...DIALECT_KEYS,
      ...DIALECT_KEYS,
      'gen_ai.usage.input_tokens',
    ]),
    status: { code: random.pick([0, 1, 2, 9]), message: random.pick(TEXTS) },
    events: [
      {
        timeUnixNano: timeOf(random),
        name: random.pick(TEXTS),
        attributes: attributesOf(random, FIELD_KEYS),
      },
    ],
  }));
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: random.pick(TEXTS) }, spans }] }] };
}

/** Sends one body in one of the six ways; what went wrong, if anything did. */
async function sendOne(random: Random): Promise<string | undefined> {
  const signal = random.isLikely(0.6) ? 'logs' : 'traces';
  const request = requestOf(random, signal);
  const way = random.int(0, 2);
  if (way === 0) {
    const isTaken = await sendGrpc(
      grpc,
      encodeRequest(signal, request),
      signal === 'traces' ? TRACES_EXPORT : undefined,
    );
    return isTaken ? undefined : `grpc ${JSON.stringify(request).slice(0, 500)}`;
  }
  const [body, headers] =
    way === 1 ? [JSON.stringify(request), JSON_TYPE] : [encodeRequest(signal, request), PROTOBUF_TYPE];
  const answer = await post(server.httpAddress, `/v1/${signal}`, body, headers);
  return answer.status === 200
    ? undefined
    : `${answer.status} ${answer.body.toString()} ${JSON.stringify(request).slice(0, 500)}`;
}

it('ten thousand bodies of any values are taken; every address answers, and the memory is back', async () => {
  const random = new Random(20_261_130);
  const wrong = new Set<string>();
  const sendSome = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += AT_ONCE)
      for (const fault of await Promise.all(Array.from({ length: AT_ONCE }, () => sendOne(random))))
        if (fault !== undefined) wrong.add(fault);
  };
  await sendSome(WARM_UP);
  for (const url of await addressesOf(server)) await (await fetch(server.uiUrl + url)).arrayBuffer();
  const before = server.rssBytes();
  await sendSome(BODIES - WARM_UP);
  expect([...wrong]).toEqual([]);
  const failed: string[] = [];
  for (const url of await addressesOf(server)) {
    const answer = await fetch(server.uiUrl + url);
    await answer.arrayBuffer();
    if (answer.status >= 500) failed.push(`${url}: ${answer.status}`);
  }
  expect(failed).toEqual([]);
  // What is not used any more is given back within seconds.
  let grown = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 30 && grown > GROWTH_LIMIT_BYTES; look++) {
    await sleep(500);
    grown = server.rssBytes() - before;
  }
  expect(grown).toBeLessThan(GROWTH_LIMIT_BYTES);
}, 600_000);
