// A server that is killed between two requests of a trace: what it acknowledged is there, and the rest of the trace
// completes the run as if nothing had been.

import { afterEach, expect, it } from '@jest/globals';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { rm } from 'node:fs/promises';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import { Random } from '../../fixtures/random.ts';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { CONVERSATION, factSpanOf, readRecording, type RecordedSpan } from '../../fixtures/recorded-spans.ts';
import { waitUntil } from '../../stack/process.ts';
import { startChildServer, type ChildServer } from '../child-server.ts';
import { JSON_TYPE, makeDataDir, post } from '../harness.ts';

it('kill −9 between the spans of a trace ends in the same run', async () => {
  const { spans } = readRecording('pydantic-ai-over-native');
  const late = Date.now() - Math.max(...spans.map(({ endMs }) => endMs));
  const dataDir = await makeDataDir();
  let server: ChildServer = await startChildServer({ dataDir });
  for (const [index, span] of spans.entries()) {
    if (index % 4 === 3) {
      await server.stop('SIGKILL');
      server = await startChildServer({ dataDir });
    }
    const body = otlpJsonOf([
      {
        ...span,
        startTimeUnixNano: nanos(span.startMs + late),
        endTimeUnixNano: nanos(span.endMs + late),
      },
    ]);
    const answer = await post(server.httpAddress, '/v1/traces', JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
  }
  const runs = (await (await fetch(`${server.uiUrl}/api/runs`)).json()) as unknown[];
  expect(runs).toMatchObject([{ ...CONVERSATION, 'user.id': 'cust-7', 'gen_ai.agent.name': 'support' }]);
  const cost = (await (await fetch(`${server.uiUrl}/api/signals/cost?window=24h`)).json()) as {
    value: number;
  };
  expect(cost.value).toBe(CONVERSATION['agent.cost_nano_usd']);
  await server.stop('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
});

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function nanos(ms: number): string {
  return String(BigInt(Math.floor(ms * 1000)) * 1000n);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'retry-after': '0' }).end();
}

/** A recipient that takes what it is given, in one of many ways. */
async function startRecipient(random: Random): Promise<{ url: string; taken: Map<string, Set<string>> }> {
  const taken = new Map<string, Set<string>>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const way = random.int(0, 5);
      if (way === 0) return refuse(response, 503);
      if (way === 1) return refuse(response, 429);
      for (const [, line = ''] of gunzipSync(Buffer.concat(parts))
        .toString()
        .matchAll(/"body":\{"stringValue":("(?:[^"\\]|\\.)*")\}/g)) {
        const event = JSON.parse(JSON.parse(line) as string) as Record<string, unknown>;
        const key = `${String(event['event.name'])} ${String(event['tallyspan.key'])}`;
        taken.set(key, (taken.get(key) ?? new Set()).add(line));
      }
      // Taken, and the answer never comes, or late.
      if (way === 2) return void response.destroy();
      const answer = way === 3 ? '{"partialSuccess":{}}' : '{}';
      setTimeout(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
        random.int(0, 300),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken };
}

const TRACES = 12;

it('kill −9 while events are handed on, to one who refuses, is slow and hangs up: each is taken, and none in two versions', async () => {
  const random = new Random(22);
  const { url, taken } = await startRecipient(random);
  const dataDir = await makeDataDir();
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const { spans } = readRecording('pydantic-ai-over-native');
  const late = Date.now() - 5000 - Math.max(...spans.map(({ endMs }) => endMs));
  const copyOf = (copy: number): RecordedSpan[] => {
    const mark = copy.toString(16);
    return spans.map((span) => ({
      ...span,
      traceId: mark + span.traceId.slice(1),
      startMs: span.startMs + late,
      endMs: span.endMs + late,
      attributes: JSON.parse(
        JSON.stringify(span.attributes).replaceAll(/\b(msg|req)_rec/g, `$1_${mark}`),
      ) as RecordedSpan['attributes'],
    }));
  };
  const start = (): Promise<ChildServer> =>
    startChildServer({ dataDir, forwardUrl: url, forwardSettleMs: 200 });
  let server = await start();
  closers.push(() => server.stop('SIGKILL'));
  for (let copy = 0; copy < TRACES; copy++) {
    // The agent's span is sent last.
    const all = copyOf(copy);
    for (const part of [all.slice(0, 4), all.slice(2)]) {
      if (random.isLikely(0.2)) {
        await server.stop('SIGKILL');
        server = await start();
      }
      const body = JSON.stringify(
        otlpJsonOf(
          part.map((span) => ({
            ...span,
            startTimeUnixNano: nanos(span.startMs),
            endTimeUnixNano: nanos(span.endMs),
          })),
        ),
      );
      expect((await post(server.httpAddress, '/v1/traces', body, JSON_TYPE)).status).toBe(200);
    }
  }
  const counted = assembleTrace(spans.map((span) => factSpanOf(span))).filter(
    (event) => event['tallyspan.duplicate'] !== true,
  ).length;
  await waitUntil(() => taken.size >= counted * TRACES, {
    what: () => `${taken.size} of ${counted * TRACES}`,
  });
  expect(taken.size).toBe(counted * TRACES);
  expect([...taken.values()].filter((lines) => lines.size > 1)).toEqual([]);
});
