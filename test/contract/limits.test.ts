// Limits as a program sees them: real SDK, real processes, the fake API. The price of an answer of 100 and 20 tokens
// is 400,000 nano-USD; at worst a request of these programs costs a little over 1,000,000.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { errorExchange, type Exchange, type RecordedRequest } from '../fakes/anthropic-api.ts';
import { answer, makeMessage, streamedAnswer, text, toolUse } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/limits.mjs');
const COST = 100 * 2_000 + 20 * 10_000;
const usage = { input_tokens: 100, output_tokens: 20 };
const REFUSED = 'LimitExceededError true true 402';

const plain = ({ body }: RecordedRequest): Exchange =>
  (body as { stream?: boolean }).stream === true ? streamedAnswer({ usage }) : answer({ usage });

describe('limits', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  const start = (
    name: string,
    environment: Readonly<Record<string, string>> = {},
    respond: (request: RecordedRequest) => Exchange = plain,
  ): Promise<Outcome> =>
    harness.run(PROGRAM, {
      scenario: { exchanges: [], respond },
      arguments: [name],
      environment: { PACKAGE: path.join(harness.packageDir, 'index.mjs'), ...environment },
    });

  it.each(['setting', 'raw', 'both', 'helper', 'post'])(
    '%s: the request that could pass the limit never leaves, and rejects as an error of the API would',
    async (name) => {
      const outcome = await start(name, { TALLYSPAN_LIMIT_RUN: '$0.003' });
      const [passed = ''] = outcome.stdout.split(' ');
      expect(outcome.stdout).toContain(`${REFUSED} run TALLYSPAN_LIMIT_RUN usd 0.003 claude-sonnet-5-5`);
      expect(outcome.requests).toHaveLength(Number(passed));
      expect(Number(passed)).toBeGreaterThan(1);
      expect(Number(passed) * COST).toBeLessThanOrEqual(3_000_000);
      const refusals = eventsOf(outcome, 'agent.limit').filter(
        (event) => event['limit.action'] === 'refused',
      );
      expect(refusals).toHaveLength(1);
      expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(Number(passed));
      expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['budget_exceeded']);
    },
  );

  it('requests of fetch are limited, too', async () => {
    const outcome = await start('fetch', { TALLYSPAN_LIMIT_RUN: '$0.003' });
    const passed = Number(outcome.stdout.split(' ')[0]);
    expect(outcome.stdout).toContain('LimitExceededError true false 402 run TALLYSPAN_LIMIT_RUN usd 0.003');
    expect(outcome.requests).toHaveLength(passed);
    expect(passed).toBeGreaterThan(1);
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(passed);
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['budget_exceeded']);

    const long = {
      blocks: [text('word '.repeat(4_000))],
      usage: { input_tokens: 100, output_tokens: 5_000 },
    };
    const stream = await start('fetchStream', {}, () => streamedAnswer(long, { delayMs: 1 }));
    expect(stream.stdout).toContain('LimitExceededError true false 402 code code usd 0.0021');
    const [call] = eventsOf(stream, 'agent.model_call');
    expect(call?.['error.type']).toBe('limit_exceeded');
    expect(call?.cost_nano_usd).toBeGreaterThan(2_000_000);
  });

  it('a batch is reserved as a whole, at half the price, and settled by its rows', async () => {
    const message = makeMessage({ usage: { ...usage, service_tier: 'batch' } });
    const rows = ['c0', 'c1', 'c2', 'c3'].map((id) =>
      JSON.stringify({ custom_id: id, result: { type: 'succeeded', message: { ...message, id } } }),
    );
    const outcome = await start('batch', { TALLYSPAN_LIMIT_RUN: '$0.005' }, ({ path: url, headers }) =>
      url.endsWith('/results')
        ? { json: rows.join('\n'), headers: { 'content-type': 'application/binary' } }
        : {
            json: {
              id: 'b1',
              processing_status: 'ended',
              results_url: `http://${String(headers.host)}/v1/messages/batches/b1/results`,
            },
          },
    );
    expect(outcome.stdout).toContain(
      '4,4 LimitExceededError true true 402 run TALLYSPAN_LIMIT_RUN usd 0.005',
    );
    const refusal = eventsOf(outcome, 'agent.limit').find((event) => event['limit.action'] === 'refused');
    expect(refusal?.limit_spent_nano_usd).toBe((8 * COST) / 2);
  });

  it('a retried call counts once, and a failed one not at all', async () => {
    let asked = 0;
    const outcome = await start('setting', { TALLYSPAN_LIMIT_RUN: '$0.003' }, (request) => {
      asked += 1;
      return asked % 2 === 1
        ? errorExchange(529, 'overloaded_error', 'Overloaded', { 'retry-after-ms': '1' })
        : plain(request);
    });
    const calls = eventsOf(outcome, 'agent.model_call');
    const refusal = eventsOf(outcome, 'agent.limit').find((event) => event['limit.action'] === 'refused');
    expect(calls.every(({ attempts }) => attempts === 2)).toBe(true);
    expect(refusal?.limit_spent_nano_usd).toBe(calls.length * COST);
    expect(refusal?.limit_reserved_nano_usd).toBe(0);
  });

  it('a user has a limit for the day, whoever asks for how much', async () => {
    const outcome = await start('setting', { TALLYSPAN_LIMIT_USER_DAY: '$0.003' });
    expect(outcome.stdout).toContain('user_day TALLYSPAN_LIMIT_USER_DAY usd 0.003');
    const refusal = eventsOf(outcome, 'agent.limit').find((event) => event['limit.action'] === 'refused');
    expect(refusal).toMatchObject({ 'user.id': 'u', 'limit.key': 'u', limit_nano_usd: 3_000_000 });
  });

  it('limit() bounds what is asked as what it gave back is read: by generators and the tool runner', async () => {
    const { stdout, requests } = await start('lazy', {}, () => answer({ blocks: [toolUse('again', {})] }));
    const refused = `${REFUSED} code code turns 2 claude-sonnet-5-5`;
    expect(stdout.trim().split('\n')).toEqual([
      `2 ${refused}`,
      `2 ${refused}`,
      `2 ${refused}`,
      `2 ${refused}`,
      `awaited ${refused}`,
    ]);
    expect(requests).toHaveLength(10);
  });

  it('limit() bounds turns, warns once at four fifths, and a handled refusal still names the run’s end', async () => {
    const outcome = await start('code');
    expect(outcome.stdout).toContain('5 LimitExceededError true true 402 code code turns 5');
    expect(outcome.stdout).toContain('warned at 4\n');
    expect(eventsOf(outcome, 'agent.limit').map((event) => event['limit.action'])).toEqual([
      'warned',
      'refused',
    ]);
    const caught = await start('caught');
    expect(eventsOf(caught, 'agent.run').map((run) => run['agent.status'])).toEqual(['turn_limit']);
  });

  it('nested runs count in the runs around them, and these end as stopped, too', async () => {
    const outcome = await start('nested');
    expect(outcome.stdout).toContain('2 LimitExceededError');
    expect(
      eventsOf(outcome, 'agent.run').map((run) => [run['gen_ai.agent.name'], run['agent.status']]),
    ).toEqual([
      ['inner', 'ok'],
      ['inner', 'ok'],
      ['inner', 'turn_limit'],
      ['outer', 'turn_limit'],
    ]);
  });

  it('calls at once reserve before any of them is answered', async () => {
    const outcome = await start('parallel');
    expect(outcome.stdout).toBe('5 passed\n');
    expect(outcome.requests).toHaveLength(5);
    expect(
      eventsOf(outcome, 'agent.limit').filter((event) => event['limit.action'] === 'refused'),
    ).toHaveLength(15);
  });

  it('the tool runner stops with the error', async () => {
    const outcome = await start('runner', {}, () => answer({ blocks: [toolUse('again', {})] }));
    expect(outcome.stdout).toContain('LimitExceededError true true 402 code code turns 3');
    expect(outcome.requests).toHaveLength(3);
    const [run] = eventsOf(outcome, 'agent.run');
    expect([run?.['agent.status'], run?.['error.type']]).toEqual(['turn_limit', 'limit_exceeded']);
  });

  it('a stream that costs more than it could is ended where it passes the limit, and what it cost is counted', async () => {
    const words = text('word '.repeat(2_000));
    const outcome = await start('stream', {}, () =>
      streamedAnswer({ blocks: [words], usage: { input_tokens: 100, output_tokens: 3_000 } }),
    );
    expect(outcome.stdout).toContain('LimitExceededError true true 402 code code usd 0.0021');
    const [call] = eventsOf(outcome, 'agent.model_call');
    // 100 tokens of input, and output up to the limit with one event more at most.
    expect(call?.cost_nano_usd).toBeGreaterThan(2_000_000);
    expect(call?.cost_nano_usd).toBeLessThan(2_700_000);
    expect(call?.['error.type']).toBe('limit_exceeded');
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['budget_exceeded']);
    expect(eventsOf(outcome, 'agent.limit').map((event) => event['limit.action'])).toContain('stopped');
  });

  it('a loop is noted at three rounds, and stopped at five where that is asked for', async () => {
    const outcome = await start('loop', {}, () => answer({ blocks: [toolUse('look', { q: 1 })] }));
    expect(outcome.stdout).toContain('LimitExceededError true true 402 loop code repetitions 5');
    expect(outcome.requests).toHaveLength(5);
    const notes = eventsOf(outcome, 'agent.note').filter(
      (note) => note['agent.note.kind'] === 'loop_suspected',
    );
    expect(notes.map((note) => [note['gen_ai.tool.name'], note['agent.step_number']])).toEqual([['look', 3]]);
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['loop']);
  });

  it('max_tokens is lowered where that is asked for', async () => {
    const outcome = await start('shorten', { TALLYSPAN_LIMIT_SHORTEN: 'on' });
    const sent = outcome.requests.map(({ body }) => (body as { max_tokens: number }).max_tokens);
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.every((maxTokens) => maxTokens > 0 && maxTokens < 150)).toBe(true);
  });

  it('two hundred calls at once spend no more than the limit, in any schedule', async () => {
    let asked = 0;
    const outcome = await harness.run(path.join(import.meta.dirname, 'programs/limit-schedules.mjs'), {
      scenario: {
        exchanges: [],
        respond: ({ body }) => {
          asked += 1;
          // Every ninth request meets an overloaded API, and is sent again.
          if (asked % 9 === 0)
            return errorExchange(529, 'overloaded_error', 'Overloaded', { 'retry-after-ms': '1' });
          const { max_tokens: maxTokens, stream, model } = body as Record<string, unknown>;
          // Fewer input tokens than any estimate: what is spent beyond a reservation is nothing here.
          const options = {
            model: String(model),
            blocks: [text('ok')],
            usage: { input_tokens: 3, output_tokens: 1 + (asked % Number(maxTokens)) },
          };
          return stream === true ? streamedAnswer(options) : answer(options);
        },
      },
      arguments: ['1', '6'],
      environment: {
        PACKAGE: path.join(harness.packageDir, 'index.mjs'),
        SONNET: '[2000, 10000]',
        HAIKU: '[100, 500]',
        TALLYSPAN_LOG: 'off',
      },
    });
    const schedules = outcome.stdout
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as Readonly<Record<'seed' | 'usd' | 'spent' | 'passed' | 'refused', number>>,
      );
    expect(schedules).toHaveLength(6);
    expect(schedules.filter(({ usd, spent }) => spent > usd)).toEqual([]);
    expect(schedules.every(({ passed }) => passed > 0)).toBe(true);
    expect(schedules.some(({ refused }) => refused > 0)).toBe(true);
  });
});
