// How the preload and the program meet: too late, just in time, beside an SDK that is too old, and beside
// several copies of the OpenTelemetry API. What cannot work is one line that says what to do.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answer } from '../../fakes/messages.ts';
import { installPackages } from '../versions/cached-packages.ts';
import { eventsOf, openHarness, spansOf, type Harness } from '../harness.ts';
import { UNSUPPORTED_SDK_VERSION } from '../versions/tested-versions.ts';

const program = (name: string): string => path.join(import.meta.dirname, '../programs', name);

describe('loading', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  describe('a program that loads the preload itself', () => {
    it.each([
      ['too-late.cjs', 'register.cjs'],
      ['too-late.mjs', 'register.mjs'],
      ['register-first.cjs', 'register.cjs'],
    ])(
      '%s: its calls are known, by their requests where the SDK was there before',
      async (name, register) => {
        const outcome = await harness.run(program(name), {
          scenario: { exchanges: [answer()] },
          preload: 'none',
          environment: { REGISTER: path.join(harness.packageDir, register) },
        });
        expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([
          'Hello there, how can I help?\n',
          '',
          0,
        ]);
        expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ cost_nano_usd: 400_000 }]);
        expect(outcome.said).toEqual([]);
      },
    );
  });

  it.each([
    ['Bun', `Object.defineProperty(process, 'versions', { value: { ...process.versions, bun: '1.4.0' } });`],
    [
      'Deno',
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, deno: '2.9.0' } });`,
    ],
    [
      'not supported here',
      `require('node:module').registerHooks = () => { throw new Error('not supported here.'); };`,
    ],
  ])('%s: one line says that nothing is observed', async (reason, shim) => {
    const file = path.join(harness.packageDir, 'elsewhere.cjs');
    await writeFile(file, `${shim} require('./register.cjs'); console.log('works');`);
    const outcome = await harness.run(file, { scenario: { exchanges: [] }, preload: 'none' });
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual(['works\n', '', 0]);
    expect(outcome.said).toEqual([expect.stringMatching(`^tallyspan: off: .*${reason}.* not observed`)]);
  });

  it('several copies of the SDK in one process: each call once, with its own version', async () => {
    const scenario = { exchanges: [answer(), answer(), answer()] };
    const outcome = await harness.run(program('two-copies.mjs'), { scenario });
    expect([outcome.stderr, outcome.code]).toEqual(['', 0]);
    const versions = eventsOf(outcome, 'agent.model_call').map((call) => call['tallyspan.sdk.version'] ?? '');
    expect(versions.toSorted()).toEqual(['0.90.0', '1.15.0', '1.15.0']);
    expect(spansOf(outcome, 'chat')).toHaveLength(3);
    expect(eventsOf(outcome, 'agent.run')).toHaveLength(3);
  });

  it('a program in TypeScript', async () => {
    const outcome = await harness.run(program('typed.ts'), { scenario: { exchanges: [answer()] } });
    expect(outcome.stdout).toBe('Hello there, how can I help?\n');
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
  });

  it("a managed agent's session is read as it is: its own spans go on, and nothing is counted", async () => {
    const usage = {
      input_tokens: 5,
      output_tokens: 6,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
    };
    const events = [
      { type: 'span.model_request_start', id: 'a' },
      { type: 'span.model_request_end', id: 'b', model_request_start_id: 'a', model_usage: usage },
      { type: 'session.status_idle', id: 'c' },
    ].map((data) => ({ event: data.type, data }));
    const bare = await harness.run(program('sessions.mjs'), {
      scenario: { exchanges: [{ events }] },
      preload: 'none',
    });
    const observed = await harness.run(program('sessions.mjs'), { scenario: { exchanges: [{ events }] } });
    expect(bare.stdout).toBe('Stream span.model_request_start,span.model_request_end,session.status_idle\n');
    expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, bare.stderr, bare.code]);
    expect(observed.spans.map(({ name }) => name)).toEqual(['anthropic.sessions.events.stream']);
    expect(observed.events).toEqual([]);
  });

  it('an SDK that is too old: one line, and the program runs on', async () => {
    const folder = await installPackages('old-sdk', { '@anthropic-ai/sdk': UNSUPPORTED_SDK_VERSION });
    if (folder === undefined) return;
    await copyFile(program('ask.mjs'), path.join(folder, 'ask.mjs'));
    const outcome = await harness.run(path.join(folder, 'ask.mjs'), { scenario: { exchanges: [answer()] } });
    expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([
      'Hello there, how can I help? 20\n',
      '',
      0,
    ]);
    expect(outcome.said).toEqual([
      `tallyspan: @anthropic-ai/sdk ${UNSUPPORTED_SDK_VERSION} is older than 0.20.9: its calls are known by their requests only. Upgrade it.`,
    ]);
  }, 300_000);

  it.each(['first', 'late'])(
    'a provider registered %s with an older copy of the API than the SDK has is joined',
    async (when) => {
      const folder = await installPackages(
        'two-apis',
        {
          '@opentelemetry/api': '1.9.1',
          '@opentelemetry/sdk-trace-node': '2.12.0',
          '@anthropic-ai/sdk': '1.15.0',
        },
        { '@anthropic-ai/sdk': { '@opentelemetry/api': '1.10.0' } },
      );
      if (folder === undefined) return;
      for (const name of ['two-apis.cjs', 'provider.cjs'])
        await copyFile(program(`peers/${name}`), path.join(folder, name));
      const outcome = await harness.run(path.join(folder, 'two-apis.cjs'), {
        scenario: { exchanges: [answer()] },
        environment: { WHEN: when },
      });
      expect([outcome.stdout, outcome.stderr, outcome.code]).toEqual([
        'Hello there, how can I help?\n1.9.1,1.10.0\npeer saw 1\n',
        '',
        0,
      ]);
      const [request] = spansOf(outcome, 'GET /answer');
      const [run] = spansOf(outcome, 'invoke_agent');
      const chats = spansOf(outcome, 'chat');
      expect(run?.parentSpanId).toBe(request?.spanId);
      expect(chats.map((span) => [span.scope, span.parentSpanId])).toEqual([
        ['com.anthropic.sdk.typescript', run?.spanId],
      ]);
      expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
    },
    300_000,
  );
});
