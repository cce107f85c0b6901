// Living with others: a provider that the program registers itself, bundlers, worker threads, several
// processes, content modes and the daily file.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { translateSpan } from '../../core/dialects.ts';
import { decodeEvent } from '../../core/event.ts';
import { NATIVE_SCOPE } from '../../instrumentation/sdk/native-spans.ts';
import { errorExchange, type Scenario } from '../fakes/anthropic-api.ts';
import { answer, streamedAnswer, text, toolUse } from '../fakes/messages.ts';
import { installPackages } from './versions/cached-packages.ts';
import { eventsOf, openHarness, spansOf, type Harness } from './harness.ts';

const program = (name: string): string => path.join(import.meta.dirname, 'programs', name);

/** A tool call with long arguments, one with short ones, and answers for the other agents. */
function scenario(): Scenario {
  return {
    exchanges: [
      answer({ blocks: [toolUse('lookup', { turn: 'x'.repeat(900) })] }),
      answer({ blocks: [toolUse('lookup', { turn: 2 })] }),
      answer({ blocks: [text('done')] }),
      ...Array.from({ length: 9 }, () => answer()),
    ],
  };
}

describe('in company', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it.each(['joined.mjs', 'late-provider.mjs'])('%s: both see every span, the tree is one', async (name) => {
    const outcome = await harness.run(program(name), { scenario: { exchanges: [answer()] } });
    expect([outcome.stderr, outcome.code]).toEqual(['', 0]);
    expect(outcome.stdout).toBe(
      'Hello there, how can I help?\nchat claude-sonnet-5-5,GET /answer,invoke_agent contract\n',
    );
    const [request] = spansOf(outcome, 'GET /answer');
    const [run] = spansOf(outcome, 'invoke_agent');
    const [call] = spansOf(outcome, 'chat');
    expect(run?.parentSpanId).toBe(request?.spanId);
    expect(call?.parentSpanId).toBe(run?.spanId);
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
  });

  it.each([
    ['whole', false, undefined],
    ['minified', true, undefined],
    ['minified, with an older API', true, '1.9.1'],
  ])(
    'a bundle (%s) whose own provider comes late: both see every span, the tree is one',
    async (name, minify, version) => {
      const older =
        version === undefined
          ? undefined
          : await installPackages(`api-${version}`, { '@opentelemetry/api': version });
      if (version !== undefined && older === undefined) return;
      const file = path.join(harness.packageDir, `late-${name.replaceAll(/\W/g, '-')}.mjs`);
      await build({
        entryPoints: [program('late-provider.mjs')],
        outfile: file,
        bundle: true,
        minify,
        platform: 'node',
        format: 'esm',
        logLevel: 'silent',
        ...(older !== undefined && {
          alias: { '@opentelemetry/api': path.join(older, 'node_modules/@opentelemetry/api') },
        }),
      });
      const outcome = await harness.run(file, { scenario: { exchanges: [answer()] } });
      expect([outcome.stderr, outcome.code]).toEqual(['', 0]);
      expect(outcome.stdout).toBe(
        'Hello there, how can I help?\nchat claude-sonnet-5-5,GET /answer,invoke_agent contract\n',
      );
      // The SDK is in the bundle, too: its own span was there before the run was known.
      const [request] = spansOf(outcome, 'GET /answer');
      const chats = spansOf(outcome, 'chat');
      expect(chats.map(({ parentSpanId }) => parentSpanId)).toEqual([request?.spanId]);
      expect(spansOf(outcome, 'invoke_agent').map(({ parentSpanId }) => parentSpanId)).toEqual([
        chats[0]?.spanId,
      ]);
      expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
    },
    300_000,
  );

  it.each(['cjs', 'esm'] as const)(
    'a program bundled as %s: its calls are those of its runs, with the spans that its SDK made',
    async (format) => {
      const file = path.join(harness.packageDir, `bundled.${format === 'cjs' ? 'cjs' : 'mjs'}`);
      await build({
        stdin: {
          contents: `
          import Anthropic from '@anthropic-ai/sdk';
          import { run } from '../../instrumentation/index.ts';
          const client = new Anthropic({ maxRetries: 1 });
          const ask = () => client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });
          run({ agent: 'declared' }, ask).then(ask).then((message) => console.log(message.content[0].text));`,
          resolveDir: import.meta.dirname,
        },
        outfile: file,
        bundle: true,
        platform: 'node',
        format,
        logLevel: 'silent',
      });
      const exchanges = [errorExchange(529, 'overloaded_error', 'busy'), answer(), answer()];
      const outcome = await harness.run(file, { scenario: { exchanges } });
      expect([outcome.stdout, outcome.code, outcome.said]).toEqual(['Hello there, how can I help?\n', 0, []]);
      expect(eventsOf(outcome, 'agent.run')).toMatchObject([
        { 'gen_ai.agent.name': 'declared', 'agent.cost_nano_usd': 400_000, 'agent.retries': 1 },
        { 'gen_ai.agent.name': 'contract', 'agent.cost_nano_usd': 400_000, 'agent.inferred': true },
      ]);
      const chats = spansOf(outcome, 'chat');
      expect(chats.map(({ scope }) => scope)).toEqual([NATIVE_SCOPE, NATIVE_SCOPE]);
      expect(chats[0]?.parentSpanId).toBe(spansOf(outcome, 'invoke_agent declared')[0]?.spanId);
      // Readers of spans know that each has its event.
      const translated = outcome.spans.map((span) =>
        translateSpan({ ...span, scopeName: span.scope, isError: false, resource: {} }),
      );
      expect(translated.filter((event) => event !== undefined)).toEqual([]);
    },
  );

  describe('content', () => {
    it('arguments of tools are recorded up to 512 characters when asked for, and never otherwise', async () => {
      const off = await harness.run(program('ten-runs.mjs'), { scenario: scenario() });
      const on = await harness.run(program('ten-runs.mjs'), {
        scenario: scenario(),
        environment: { TALLYSPAN_CONTENT: 'tools' },
      });
      const argumentsOf = (events: typeof off): unknown[] =>
        eventsOf(events, 'agent.tool_call').map((call) => call['tool.args_json']);
      expect(argumentsOf(off)).toEqual([undefined, undefined]);
      expect(argumentsOf(on)).toEqual([expect.stringMatching(/^\{"turn":"x{503}$/), '{"turn":2}']);
    });
  });

  it.each([
    ['a run that ends well', {}, answer({ blocks: [text('a secret story')] }), false],
    ['a run that fails', {}, errorExchange(400, 'invalid_request_error', 'no'), true],
    [
      'a run that cost more',
      { TALLYSPAN_CONTENT_OVER_USD: '0.0000001' },
      answer({ blocks: [text('a secret story')] }),
      true,
    ],
    [
      'a run that cost less',
      { TALLYSPAN_CONTENT_OVER_USD: '5' },
      answer({ blocks: [text('a secret story')] }),
      false,
    ],
  ])('with errors, content of %s', async (_name, environment, exchange, isRecorded) => {
    const outcome = await harness.run(program('ask-in-vain.mjs'), {
      scenario: { exchanges: [exchange] },
      environment: { TALLYSPAN_CONTENT: 'errors', ...environment },
    });
    const [call] = eventsOf(outcome, 'agent.model_call');
    const contents = eventsOf(outcome, 'agent.content');
    expect(call?.['tallyspan.request_json']).toBeUndefined();
    expect(contents.map(({ span_id: span, timestamp }) => [span, timestamp])).toEqual(
      isRecorded ? [[call?.span_id, call?.timestamp]] : [],
    );
    expect(contents.some((event) => event['tallyspan.request_json']?.includes('secret question'))).toBe(
      isRecorded,
    );
    expect(/secret|request_json/.test(JSON.stringify([outcome.logs, outcome.spans]))).toBe(isRecorded);
    expect(JSON.stringify(outcome.spans)).not.toContain('secret');
  });

  it.each(['ask.mjs', 'leave-stream.mjs'])(
    '%s: messages are on the span and in the body of the call in full mode only',
    async (name) => {
      const stream = { exchanges: [streamedAnswer({ blocks: [text('a secret story about ten dwarfs')] })] };
      const outcome = await harness.run(program(name), {
        scenario: name === 'ask.mjs' ? { exchanges: [answer({ blocks: [text('a secret story')] })] } : stream,
        environment: { TALLYSPAN_CONTENT: 'full' },
      });
      const attributes = spansOf(outcome, 'chat')[0]?.attributes;
      expect(attributes?.['gen_ai.input.messages']).toMatch(/^\[\{"role":"user","parts":\[\{"type":"text"/);
      expect(attributes?.['gen_ai.output.messages']).toContain('a secret story');
      const [call] = eventsOf(outcome, 'agent.model_call');
      expect(call?.['tallyspan.request_json']).toContain('"messages":[{');
      expect(call?.['tallyspan.response_json']).toContain('a secret story');
      const bare = outcome.logs.map((record) => ({
        ...record,
        body: record.body.includes('"agent.model_call"') ? '' : record.body,
      }));
      expect(JSON.stringify(bare)).not.toContain('secret');
      for (const content of ['none', 'tools']) {
        const off = await harness.run(program(name), {
          scenario:
            name === 'ask.mjs' ? { exchanges: [answer({ blocks: [text('a secret story')] })] } : stream,
          environment: { TALLYSPAN_CONTENT: content },
        });
        expect(eventsOf(off, 'agent.model_call')).toHaveLength(1);
        expect(JSON.stringify([off.logs, off.spans])).not.toMatch(/secret|request_json|response_json/);
      }
    },
  );

  it('worker threads and forked processes record for themselves', async () => {
    const outcome = await harness.run(program('workers.mjs'), {
      scenario: { exchanges: [answer(), answer(), answer()] },
    });
    expect(outcome.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'main',
      'worker',
      'fork',
      '',
    ]);
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['ok', 'ok', 'ok']);
    // Each counts its own events, so that a gap can be told.
    const instances = new Set(outcome.events.map((event) => event['service.instance.id']));
    expect(instances.size).toBe(3);
  });

  it.each(['grpc', 'http/protobuf'] as const)(
    'what stands in for the network in tests gets nothing of ours, over %s',
    async (protocol) => {
      const outcome = await harness.run(program('mocked-network.mjs'), {
        scenario: { exchanges: [] },
        protocol,
      });
      expect([outcome.stdout, outcome.stderr, outcome.said, outcome.code]).toEqual(['hello\n\n', '', [], 0]);
      expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
      expect(eventsOf(outcome, 'agent.run')).toHaveLength(1);
    },
  );

  it('the daily file holds the same events as the endpoint', async () => {
    const folder = path.join(harness.spoolDir, 'daily');
    const outcome = await harness.run(program('ask.mjs'), {
      scenario: { exchanges: [answer()] },
      environment: { TALLYSPAN_FILE: folder },
    });
    const [name, ...others] = await readdir(folder);
    expect(others).toEqual([]);
    expect(name).toMatch(/^events-\d{4}-\d{2}-\d{2}\.jsonl$/);
    const lines = (await readFile(path.join(folder, name ?? ''), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => decodeEvent(line))).toEqual(outcome.logs.map(({ body }) => decodeEvent(body)));
  });
});
