// The laws in the user's process, each proven with real child processes.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import path from 'node:path';
import type { RecordedRequest, Scenario } from '../fakes/anthropic-api.ts';
import { answer, makeMessage, streamedAnswer, text, toolUse } from '../fakes/messages.ts';
import { eventsOf, openHarness, spansOf, type Harness } from './harness.ts';

const program = (name: string): string => path.join(import.meta.dirname, 'programs', name);
const BASE_COST_NANO_USD = 100 * 2_000 + 20 * 10_000;

describe('laws in the process of the user', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  describe('one preload for every way of loading', () => {
    it.each([
      ['ask.mjs', 'import'],
      ['ask.mjs', 'require'],
      ['ask.mjs', 'node-options'],
      ['ask.cjs', 'import'],
      ['ask.cjs', 'require'],
      ['ask.cjs', 'node-options'],
      ['ask.mjs', 'both'],
    ] as const)('%s by %s: one run, one call, one span', async (name, preload) => {
      const outcome = await harness.run(program(name), { scenario: { exchanges: [answer()] }, preload });
      expect(outcome.stdout).toBe('Hello there, how can I help? 20\n');
      expect(outcome.said).toEqual([]);
      expect(
        outcome.events.map((event) => event['event.name']).filter((event) => event !== 'agent.tool_cost'),
      ).toEqual(['agent.run.started', 'agent.model_call', 'agent.run']);
      expect(eventsOf(outcome, 'agent.model_call')[0]?.cost_nano_usd).toBe(BASE_COST_NANO_USD);
      expect(outcome.spans.map((span) => span.name).sort()).toEqual([
        'chat claude-sonnet-5-5',
        'invoke_agent contract',
      ]);
    });

    it('both formats of the SDK in one process: one call each', async () => {
      const outcome = await harness.run(program('both-formats.mjs'), {
        scenario: { exchanges: [answer(), answer()] },
      });
      expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(2);
      expect(spansOf(outcome, 'chat')).toHaveLength(2);
    });
  });

  describe('law 1: nothing of ours throws', () => {
    it('requests and answers that nobody expects do the same with and without the preload', async () => {
      const bare = await harness.run(program('odd-requests.mjs'), {
        scenario: oddAnswers(),
        preload: 'none',
      });
      const observed = await harness.run(program('odd-requests.mjs'), { scenario: oddAnswers() });
      expect(bare.stdout.split('\n')).toHaveLength(10);
      expect([observed.stdout, observed.stderr, observed.code]).toEqual([
        bare.stdout,
        bare.stderr,
        bare.code,
      ]);
      // What was begun has ended, priced aloud as unpriced where the usage is no usage.
      const started = eventsOf(observed, 'agent.run.started').map((run) => run['agent.run_id']);
      const ended = eventsOf(observed, 'agent.run').map((run) => run['agent.run_id']);
      expect(new Set(ended)).toEqual(new Set(started));
    });
  });

  describe('law 2: a stream that is left closes at once', () => {
    it('the server stops sending; one span, one event, an estimated cost', async () => {
      const words = Array.from({ length: 60 }, (_, index) => `word${String(index)}`).join(' ');
      const outcome = await harness.run(program('leave-stream.mjs'), {
        scenario: {
          exchanges: [streamedAnswer({ blocks: [text(words)] }, { pieceLength: 8, delayMs: 100 })],
        },
      });
      expect(outcome.stdout).toBe('left after 3 true\n');
      const [request] = outcome.requests;
      // message_start, ping, content_block_start and three pieces were read.
      expect(request?.eventsSent).toBeLessThanOrEqual(6 + 2);
      expect(request?.isClosedByClient).toBe(true);
      expect(spansOf(outcome, 'chat')).toHaveLength(1);
      const [call, ...more] = eventsOf(outcome, 'agent.model_call');
      expect(more).toEqual([]);
      expect(call).toMatchObject({
        tokens_input: 100,
        // Three pieces of eight characters at 3.8 characters a token.
        tokens_output: 7,
        'tallyspan.cost.status': 'estimated',
        cost_nano_usd: 100 * 2_000 + 7 * 10_000,
      });
      expect(call?.['error.type']).toBeUndefined();
      expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['aborted']);
    });
  });

  describe('law 3: a run ends exactly once, however the process ends', () => {
    const scenario = { exchanges: [{ json: makeMessage({ blocks: [toolUse('slow', { n: 1 })] }) }] };

    it('the program returns while a tool waits: max_turns', async () => {
      const outcome = await harness.run(program('wait-in-tool.mjs'), {
        scenario,
        environment: { ENDING: 'return' },
      });
      expect([outcome.code, outcome.stdout]).toEqual([0, 'tool slow\n']);
      expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['max_turns']);
    });

    it.each([
      ['exit', 3, 'aborted', undefined],
      ['throw', 1, 'error', 'TypeError'],
    ] as const)(
      '%s: the exit code stays, the next process delivers what was left',
      async (ending, code, status, errorType) => {
        const spool = { TALLYSPAN_SPOOL: path.join(harness.spoolDir, ending) };
        let url = '';
        const first = await harness.run(program('wait-in-tool.mjs'), {
          scenario,
          environment: { ENDING: ending, ...spool },
          during: (_child, receiver) => {
            url = receiver.grpcUrl;
            return Promise.resolve();
          },
        });
        expect(first.code).toBe(code);
        expect(first.stdout).toBe('tool slow\n');
        expect(eventsOf(first, 'agent.run')).toEqual([]);

        const second = await harness.run(program('ask.mjs'), {
          scenario: { exchanges: [answer()] },
          environment: spool,
          receiver: { grpcPort: Number(new URL(url).port) },
        });
        const ended = [...eventsOf(first, 'agent.run'), ...eventsOf(second, 'agent.run')];
        expect(new Map(ended.map((run) => [run['agent.status'], run['error.type']]))).toEqual(
          new Map([
            [status, errorType],
            ['ok', undefined],
          ]),
        );
        const calls = [...eventsOf(first, 'agent.model_call'), ...eventsOf(second, 'agent.model_call')];
        expect(new Set(calls.map((call) => call['gen_ai.response.id'])).size).toBe(2);
      },
    );

    it('SIGKILL: the run is known, and the next process closes it as lost', async () => {
      const spool = { TALLYSPAN_SPOOL: path.join(harness.spoolDir, 'sigkill') };
      let url = '';
      const killed = await harness.run(program('wait-in-tool.mjs'), {
        scenario,
        environment: spool,
        during: async (child, receiver) => {
          url = receiver.grpcUrl;
          await receiver.waitFor(() => receiver.events('agent.model_call').length === 1);
          child.kill('SIGKILL');
        },
      });
      expect(killed.signal).toBe('SIGKILL');
      const [started] = eventsOf(killed, 'agent.run.started');
      expect(started).toBeDefined();
      expect(eventsOf(killed, 'agent.run')).toEqual([]);

      const next = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment: spool,
        receiver: { grpcPort: Number(new URL(url).port) },
      });
      const lost = eventsOf(next, 'agent.run').filter((run) => run['agent.status'] === 'lost');
      expect(lost).toHaveLength(1);
      expect(lost[0]).toMatchObject({ 'agent.run_id': started?.['agent.run_id'] });
    });
  });

  describe('law 5: no baggage leaves', () => {
    it('traceparent is sent, baggage is not', async () => {
      const outcome = await harness.run(program('baggage.mjs'), { scenario: { exchanges: [answer()] } });
      const [request] = outcome.requests;
      expect(request?.headers['traceparent']).toMatch(/^00-/);
      expect(request?.headers).not.toHaveProperty('baggage');
    });
  });

  describe('concurrent runs', () => {
    it('ten runs over one client: every event carries its own run id', async () => {
      const outcome = await harness.run(program('ten-runs.mjs'), {
        scenario: { exchanges: [], respond: (request) => answerTask(request) },
      });
      expect(outcome.stdout.split('\n')).toHaveLength(11);
      const runs = eventsOf(outcome, 'agent.run');
      expect(runs.map((run) => [run['agent.turns'], run['agent.tool_calls']])).toEqual(
        Array.from({ length: 10 }, () => [3, 2]),
      );
      const byUser = new Map(runs.map((run) => [run['user.id'], run['agent.run_id']]));
      expect(byUser.size).toBe(10);
      for (const event of outcome.events) expect(event['agent.run_id']).toBe(byUser.get(event['user.id']));
    });
  });

  describe('law 7: the end of the process', () => {
    it.each([
      ['absent', { endpoint: 'absent' }],
      ['a black hole', { receiver: { isBlackHole: true } }],
    ] as const)('endpoint %s: same output and code, out within 2.2 s', async (_name, options) => {
      const outcome = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        ...options,
      });
      expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([
        'Hello there, how can I help? 20\n',
        '',
        0,
      ]);
      // It is held for 2 s at most; how long it then takes to end is the machine's.
      expect(outcome.exitMs).toBeLessThan(4_000);
      expect(outcome.said.at(-1)).toMatch(/records wait in the spool/);
    });

    it('an endpoint that is busy at first gets everything', async () => {
      const outcome = await harness.run(program('wait-in-tool.mjs'), {
        scenario: { exchanges: [{ json: makeMessage({ blocks: [toolUse('slow', { n: 1 })] }) }] },
        receiver: { refusals: 2 },
        during: async (child, receiver) => {
          await receiver.waitFor(() => receiver.events('agent.model_call').length === 1);
          child.kill('SIGTERM');
        },
      });
      expect(outcome.events.map((event) => event['tallyspan.seq'])).toEqual(
        outcome.events.map((_, index) => index + 1),
      );
    });

    it.each(['SIGTERM', 'SIGINT'] as const)(
      '%s flushes, then ends the process as it would have',
      async (signal) => {
        const outcome = await harness.run(program('wait-in-tool.mjs'), {
          scenario: { exchanges: [{ json: makeMessage({ blocks: [toolUse('slow', { n: 1 })] }) }] },
          during: async (child) => {
            await once(child.stdout as NodeJS.ReadableStream, 'data');
            child.kill(signal);
          },
        });
        expect([outcome.code, outcome.signal]).toEqual([null, signal]);
        expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['aborted']);
      },
    );

    it('a SIGTERM listener of the program decides as before', async () => {
      const outcome = await harness.run(program('wait-in-tool.mjs'), {
        scenario: { exchanges: [{ json: makeMessage({ blocks: [toolUse('slow', { n: 1 })] }) }] },
        environment: { ENDING: 'listener' },
        during: async (child) => {
          await once(child.stdout as NodeJS.ReadableStream, 'data');
          child.kill('SIGTERM');
        },
      });
      expect([outcome.code, outcome.stdout]).toEqual([7, 'tool slow\nasked to end\n']);
    });
  });

  describe('settings', () => {
    it('a misspelled variable is named with its nearest neighbour', async () => {
      const outcome = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment: { TALLYSPAN_CONTNET: 'tools' },
      });
      expect(outcome.said[0]).toBe(
        'tallyspan: TALLYSPAN_CONTNET is not a setting. Did you mean TALLYSPAN_CONTENT?',
      );
    });

    it('spans can be sampled away, events never', async () => {
      const outcome = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment: { OTEL_TRACES_SAMPLER: 'always_off' },
      });
      expect(outcome.stdout).toBe('Hello there, how can I help? 20\n');
      expect(outcome.spans).toEqual([]);
      expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.cost_nano_usd'])).toEqual([
        BASE_COST_NANO_USD,
      ]);
      expect(eventsOf(outcome, 'agent.model_call')[0]?.trace_id).toMatch(/^[0-9a-f]{32}$/);
    });

    it('a run whose calls have no price has no cost, which is not 0', async () => {
      const outcome = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer({ model: 'claude-zeta-9' })] },
      });
      expect(eventsOf(outcome, 'agent.model_call')[0]).toMatchObject({
        'tallyspan.cost.status': 'unpriced',
        'tallyspan.cost.unpriced_reason': 'unknown_model',
      });
      const [run] = eventsOf(outcome, 'agent.run');
      expect(run).toMatchObject({ 'agent.status': 'ok', 'agent.turns': 1 });
      expect(run?.['agent.cost_nano_usd']).toBeUndefined();
    });

    it('compression and the resource are taken from the standard variables', async () => {
      const environment = {
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.version=9',
      };
      for (const protocol of ['grpc', 'http/protobuf'] as const) {
        const outcome = await harness.run(program('ask.mjs'), {
          scenario: { exchanges: [answer()] },
          protocol,
          environment,
        });
        expect(eventsOf(outcome, 'agent.run')).toHaveLength(1);
        expect(outcome.logs[0]?.resource).toMatchObject({
          'deployment.environment.name': 'test',
          'service.version': '9',
          'service.name': 'contract',
        });
      }
    });

    it.each([
      ['OTEL_TRACES_EXPORTER', 0, 1, true],
      ['OTEL_LOGS_EXPORTER', 2, 0, true],
      ['OTEL_PROPAGATORS', 2, 1, false],
    ] as const)('%s=none turns off just that', async (name, spans, calls, hasContext) => {
      const outcome = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment: { [name]: 'none' },
      });
      expect(outcome.stdout).toBe('Hello there, how can I help? 20\n');
      expect([outcome.spans.length, eventsOf(outcome, 'agent.model_call').length]).toEqual([spans, calls]);
      expect('traceparent' in (outcome.requests[0]?.headers ?? {})).toBe(hasContext);
    });

    it('OTEL_SDK_DISABLED turns everything off', async () => {
      const outcome = await harness.run(program('ask.mjs'), {
        scenario: { exchanges: [answer()] },
        environment: { OTEL_SDK_DISABLED: 'true' },
      });
      expect([outcome.said, outcome.events, outcome.spans]).toEqual([[], [], []]);
    });
  });
});

/** Two tools in turn, then an answer; ids follow from what the request carries. */
function answerTask({ body }: RecordedRequest): ReturnType<typeof answer> {
  const { messages, metadata } = body as { messages: unknown[]; metadata: { user_id: string } };
  const turn = (messages.length + 1) / 2;
  const id = `toolu_${metadata.user_id}_${String(turn)}`;
  return turn < 3
    ? answer({ blocks: [toolUse('lookup', { turn }, id)] })
    : answer({ blocks: [text('done')] });
}

/** Answers that are no messages. */
function oddAnswers(): Scenario {
  return {
    exchanges: [],
    respond: ({ body }) => ({
      json: JSON.stringify(body).includes('text')
        ? '"just text"'
        : { id: 7, model: null, content: 'none', usage: { input_tokens: 'many' }, stop_reason: {} },
    }),
  };
}
