// What is handed on: each event that was made of spans of others, once, when its run has settled, whatever stops meanwhile.

import { afterEach, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { EventRecord } from '../../../core/event.ts';
import type { AddressInfo } from 'node:net';
import { rm } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { CONVERSATION, readRecording, type RecordedSpan } from '../../fixtures/recorded-spans.ts';
import { waitUntil } from '../../stack/process.ts';
import { sampleRun } from '../web/sample-run.ts';
import { JSON_TYPE, makeDataDir, post, sendEvents, startTestServer, type TestServer } from '../harness.ts';

interface Sink {
  readonly url: string;
  /** Lines of the records that were taken. */
  readonly lines: string[];
  /** Whether each of them was marked. */
  readonly marks: boolean[];
  /** What it answers. */
  status: number;
  /** Requests that it answered. */
  asked: number;
  close(): Promise<void>;
}

interface LogRequest {
  resourceLogs: {
    resource: { attributes: { key: string }[] };
    scopeLogs: { logRecords: { body: { stringValue: string } }[] }[];
  }[];
}

async function startSink(status = 200): Promise<Sink> {
  const sink = { lines: [] as string[], marks: [] as boolean[], status, asked: 0 };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = gunzipSync(Buffer.concat(parts)).toString();
      sink.asked++;
      if (sink.status === 200)
        for (const { resource, scopeLogs } of (JSON.parse(body) as LogRequest).resourceLogs)
          for (const { logRecords } of scopeLogs)
            for (const record of logRecords) {
              sink.lines.push(record.body.stringValue);
              sink.marks.push(resource.attributes.some(({ key }) => key === 'tallyspan.forwarded'));
            }
      response.writeHead(sink.status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(sink, {
    url,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => {
          done();
        });
      }),
  });
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(dataDir: string, url: string): Promise<TestServer> {
  return startTestServer({ dataDir, forwardUrl: url, forwardSettleMs: 200 });
}

/** The recording as if it had ended some seconds ago. */
function spansOf(name: string): RecordedSpan[] {
  const { spans } = readRecording(name);
  const late = Date.now() - 3000 - Math.max(...spans.map(({ endMs }) => endMs));
  return spans.map((span) => ({ ...span, startMs: span.startMs + late, endMs: span.endMs + late }));
}

function nanos(ms: number): string {
  return String(BigInt(Math.floor(ms * 1000)) * 1000n);
}

async function send(server: TestServer, spans: readonly RecordedSpan[]): Promise<void> {
  const body = otlpJsonOf(
    spans.map((span) => ({
      ...span,
      startTimeUnixNano: nanos(span.startMs),
      endTimeUnixNano: nanos(span.endMs),
    })),
  );
  const answer = await post(server.httpAddress, '/v1/traces', JSON.stringify(body), JSON_TYPE);
  expect(answer.status).toBe(200);
}

it('events of others are handed on once, marked, when all of their run is there; our own are not', async () => {
  const sink = await startSink();
  closers.push(() => sink.close());
  const dataDir = await makeDataDir();
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  let server = await start(dataDir, sink.url);
  closers.push(() => server.close());
  const spans = spansOf('ai-sdk-6');
  await sendEvents(server, sampleRun({ mark: '1', endMs: Date.now() - 3000 }));
  // The agent, which ends last, is not there yet: nothing of its run is handed on.
  await send(server, spans.slice(0, -1));
  await send(server, spansOf('logfire'));
  await waitUntil(() => sink.lines.length >= 2, { what: () => String(sink.lines.length) });
  expect(
    sink.lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['tallyspan.dialect']),
  ).toEqual(['logfire/raw', 'logfire/raw']);

  // The other side is full, then gone; the server is stopped and started meanwhile.
  sink.status = 503;
  await send(server, spans.slice(-1));
  const asked = sink.asked;
  await waitUntil(() => sink.asked > asked, { what: () => 'a try' });
  await server.close();
  sink.status = 200;
  server = await start(dataDir, sink.url);
  await waitUntil(() => sink.lines.length >= 9, { what: () => String(sink.lines.length) });
  const events = sink.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.filter((event) => event['event.name'] === 'agent.run')).toMatchObject([
    { ...CONVERSATION, 'user.id': 'cust-7' },
  ]);
  const counted = (name: string): number => events.filter((event) => event['event.name'] === name).length;
  expect(['agent.run.started', 'agent.model_call', 'agent.tool_call'].map(counted)).toEqual([1, 5, 2]);

  // The same again, and a restart: nothing more.
  await send(server, spans);
  await server.close();
  server = await start(dataDir, sink.url);
  await send(server, spansOf('openinference-over-native'));
  await waitUntil(() => sink.lines.length >= 11, { what: () => String(sink.lines.length) });
  expect([sink.lines.length, new Set(sink.lines).size]).toEqual([11, 11]);
  expect(sink.marks.every(Boolean)).toBe(true);
});

it('scores that were given to this server are handed on, each revision once; those that a process sent are not', async () => {
  const sink = await startSink();
  closers.push(() => sink.close());
  const dataDir = await makeDataDir();
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  let server = await start(dataDir, sink.url);
  closers.push(() => server.close());
  const events = sampleRun({ mark: '2', endMs: Date.now() - 3000 });
  const run = '2'.repeat(32);
  const base = events.at(-1);
  await sendEvents(server, [
    ...events,
    {
      timestamp: Date.now() - 2000,
      'event.name': 'agent.score',
      'service.name': base?.['service.name'] ?? '',
      'tallyspan.seq': 99,
      'agent.run_id': run,
      'tallyspan.key': 'from-the-process',
      'gen_ai.evaluation.name': 'helpful',
      score_millionths: 1,
    },
  ]);
  const give = async (value: boolean): Promise<void> => {
    const body = JSON.stringify({ id: 's1', run, name: 'helpful', value, source: 'human' });
    const answer = await fetch(`${server.uiUrl}/api/scores`, { method: 'POST', headers: JSON_TYPE, body });
    expect(answer.status).toBe(201);
  };
  await give(true);
  await waitUntil(() => sink.lines.length >= 1, { what: () => String(sink.lines.length) });
  await give(false);
  await waitUntil(() => sink.lines.length >= 2, { what: () => String(sink.lines.length) });
  await server.close();
  server = await start(dataDir, sink.url);
  await give(true);
  await waitUntil(() => sink.lines.length >= 3, { what: () => String(sink.lines.length) });
  const scores = sink.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(scores.map((score) => [score['tallyspan.key'], score['score_passed']])).toEqual([
    ['s1', true],
    ['s1', false],
    ['s1', true],
  ]);
  expect(new Set(scores.map((score) => score['tallyspan.revision'])).size).toBe(3);
  expect(scores[0]).toMatchObject({ 'agent.run_id': run, 'event.name': 'agent.score' });
});

const judged = (key: string, timestamp: number): EventRecord => ({
  'event.name': 'judge.call',
  timestamp,
  'tallyspan.key': `judge/${key}`,
  trace_id: key.repeat(32),
  span_id: key.repeat(16),
  'service.name': 'tallyspan-judge',
  cost_nano_usd: 1000,
});

it('calls of judges are handed on, each once; an outage longer than a day is counted and said', async () => {
  const sink = await startSink(401);
  closers.push(() => sink.close());
  const dataDir = await makeDataDir();
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = await start(dataDir, sink.url);
  closers.push(() => server.close());
  await sendEvents(server, [judged('1', Date.now() - 3000), judged('2', Date.now() - 30 * 3_600_000)]);
  await waitUntil(() => sink.asked > 0, { what: () => 'a try' });
  sink.status = 200;
  await waitUntil(() => sink.lines.length >= 1, { what: () => String(sink.lines.length) });
  const metrics = async (): Promise<string> => (await fetch(`${server.uiUrl}/metrics`)).text();
  await waitUntil(async () => (await metrics()).includes('tallyspan_events_forward_too_old_total 1'), {
    what: () => server.lines.join('\n'),
  });
  expect(await metrics()).toContain('tallyspan_events_forwarded_total 1');
  expect(server.lines.filter((line) => line.includes('older than 23 hours'))).toHaveLength(1);
  expect(sink.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ 'event.name': 'judge.call', 'tallyspan.key': 'judge/1', cost_nano_usd: 1000 }),
  ]);
  expect(sink.marks).toEqual([true]);
});
