// Calls that no SDK makes: their requests are seen where every client sends them, and become the same events as those of
// an SDK. What the program prints stays what it is without us.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { errorExchange, type Exchange } from '../fakes/anthropic-api.ts';
import { answer, makeMessage, streamedAnswer, toolUse } from '../fakes/messages.ts';
import { eventsOf, openHarness, spansOf, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/wire.mjs');
/** 100 tokens in, 20 out of claude-sonnet-5-5, in nano-USD. */
const COST = 400_000;

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it('an agent loop by HTTP/2', async () => {
  const answers = [makeMessage({ blocks: [toolUse('look', { at: 1 })] }), makeMessage()];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers.shift()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const outcome = await harness.run(PROGRAM, {
    scenario: { exchanges: [] },
    environment: { CLIENT: 'http2', H2_URL: `http://127.0.0.1:${String(port)}` },
  });
  server.close();
  expect([outcome.stdout, outcome.stderr, outcome.said]).toEqual(['Hello there, how can I help?\n', '', []]);
  expect(eventsOf(outcome, 'agent.run')).toMatchObject([
    { 'agent.status': 'ok', 'agent.turns': 2, 'agent.tool_calls': 1, 'agent.cost_nano_usd': 2 * COST },
  ]);
});

async function both(
  exchanges: readonly Exchange[],
  environment: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const bare = await harness.run(PROGRAM, { scenario: { exchanges }, preload: 'none', environment });
  const observed = await harness.run(PROGRAM, { scenario: { exchanges }, environment });
  expect([observed.stdout, observed.stderr, observed.code, observed.said]).toEqual([
    bare.stdout,
    bare.stderr,
    bare.code,
    [],
  ]);
  return observed;
}

it.each(['gzip', 'br', 'deflate'] as const)(
  'a stream in %s whose last byte has just come when the process exits is whole',
  async (encoding) => {
    const folder = path.join(harness.spoolDir, `undecoded-${encoding}`);
    await harness.run(PROGRAM, {
      scenario: { exchanges: [{ ...streamedAnswer(), encoding }] },
      environment: { CLIENT: 'http', WAY: 'exit undecoded', TALLYSPAN_FILE: folder },
    });
    const [name = ''] = await readdir(folder);
    const lines = (await readFile(path.join(folder, name), 'utf8')).trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.find((event) => event['event.name'] === 'agent.model_call')).toMatchObject({
      cost_nano_usd: COST,
    });
    expect(events.at(-1)).toMatchObject({ 'event.name': 'agent.run', 'agent.status': 'ok' });
  },
);

describe.each(['fetch', 'http'])('by %s', (client) => {
  it.each([[{}], [{ encoding: 'gzip' }], [{ encoding: 'br' }], [{ encoding: 'deflate' }]] as const)(
    'an agent loop, compressed as %j: one run, its calls, tools and cost',
    async (encoding) => {
      const outcome = await both(
        [answer({ blocks: [toolUse('look', { at: 1 }), toolUse('look', { at: 2 })] }), answer()].map(
          (exchange) => ({ ...exchange, ...encoding }),
        ),
        { CLIENT: client },
      );
      expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([
        { cost_nano_usd: COST, 'agent.step_number': 1, attempts: 1 },
        { cost_nano_usd: COST, 'agent.step_number': 2, 'gen_ai.response.finish_reasons': ['end_turn'] },
      ]);
      expect(eventsOf(outcome, 'agent.tool_call')).toMatchObject([
        { 'gen_ai.tool.name': 'look', 'tool.ok': true, 'tool.result_len': 5 },
        { 'gen_ai.tool.name': 'look', 'tool.ok': true, 'tool.result_len': 5 },
      ]);
      expect(eventsOf(outcome, 'agent.run')).toMatchObject([
        {
          'agent.status': 'ok',
          'agent.turns': 2,
          'agent.tool_calls': 2,
          'agent.cost_nano_usd': 2 * COST,
          'user.id': 'u-1',
        },
      ]);
      const [run] = spansOf(outcome, 'invoke_agent');
      expect(spansOf(outcome, 'chat').map(({ parentSpanId }) => parentSpanId)).toEqual([
        run?.spanId,
        run?.spanId,
      ]);
      expect(JSON.stringify([outcome.events, outcome.spans])).not.toContain('secret question');
    },
  );

  it.each([[{}], [{ encoding: 'gzip' }]] as const)('a stream, compressed as %j', async (encoding) => {
    const outcome = await both([{ ...streamedAnswer(), ...encoding }], { CLIENT: client, WAY: 'stream' });
    const [call] = eventsOf(outcome, 'agent.model_call');
    expect(call).toMatchObject({ cost_nano_usd: COST, tokens_output: 20 });
    expect(call?.ttft_ms).toBeGreaterThanOrEqual(0);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ 'agent.status': 'ok' }]);
  });

  it.each(['leave', 'abort'])('a stream that the caller ends by %s', async (way) => {
    const { events } = streamedAnswer() as { events: readonly { event: string; data: unknown }[] };
    const slow = events.map((event, index) => ({ ...event, delayMs: index > 2 ? 1_000 : 0 }));
    const outcome = await both([{ events: slow }], { CLIENT: client, WAY: way });
    expect(outcome.requests).toMatchObject([{ isClosedByClient: true }]);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ 'agent.status': 'aborted' }]);
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([
      { tokens_input: 100, 'tallyspan.cost.reason': 'aborted' },
    ]);
  });

  it('a request that is sent again after a failure is one call', async () => {
    const outcome = await both([errorExchange(529, 'overloaded_error', 'busy'), { drop: true }, answer()], {
      CLIENT: client,
      WAY: 'retry',
    });
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([
      { attempts: 3, retried_status: ['529', 'connection_error'], cost_nano_usd: COST },
    ]);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ 'agent.status': 'ok', 'agent.retries': 2 }]);
  });

  it.each([
    ['an error', errorExchange(400, 'invalid_request_error', 'no'), 'invalid_request_error'],
    ['an error that may pass', errorExchange(529, 'overloaded_error', 'busy'), 'overloaded_error'],
    ['no answer', { drop: true }, 'connection_error'],
    ['a stream that is cut', { ...streamedAnswer(), dropAfter: 3 }, 'connection_error'],
    [
      'an error in a stream',
      { events: [{ event: 'error', data: { type: 'error', error: { type: 'overloaded_error' } } }] },
      'overloaded_error',
    ],
  ] as [string, Exchange, string][])('%s: one failed call', async (_name, exchange, errorType) => {
    const outcome = await both([exchange], { CLIENT: client, WAY: 'failing' });
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ 'error.type': errorType }]);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([
      { 'agent.status': 'error', 'error.type': errorType },
    ]);
  });

  it('an answer that has just been read when the process exits', async () => {
    const folder = path.join(harness.spoolDir, `file-${client}`);
    await harness.run(PROGRAM, {
      scenario: { exchanges: [{ ...answer(), encoding: 'gzip' }] },
      environment: { CLIENT: client, WAY: 'exit', TALLYSPAN_FILE: folder },
    });
    const [name = ''] = await readdir(folder);
    const lines = (await readFile(path.join(folder, name), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { 'event.name': 'agent.run.started' },
      { 'event.name': 'agent.model_call', cost_nano_usd: COST },
      ...lines.slice(2, -1).map(() => ({})),
      { 'event.name': 'agent.run', 'agent.status': 'ok' },
    ]);
  });

  it('the path of a cloud names model, place and stream', async () => {
    const outcome = await both([answer()], {
      CLIENT: client,
      TARGET:
        '/v1/projects/p/locations/europe-west1/publishers/anthropic/models/claude-sonnet-5-5:rawPredict',
    });
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([
      { 'gen_ai.provider.name': 'gcp.vertex_ai', cost_nano_usd: 440_000 },
    ]);
  });

  it('a request to a path like it that is none of a model is left alone', async () => {
    const outcome = await harness.run(PROGRAM, {
      scenario: { exchanges: [answer()] },
      environment: { CLIENT: client, TARGET: '/chat/v1/messages/list' },
    });
    expect(outcome.events).toEqual([]);
  });
});
