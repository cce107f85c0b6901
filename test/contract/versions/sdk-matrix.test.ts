// The supported range of the SDK: every way of calling, on every version in the list, with and without
// the preload. What the caller sees is the same; what is recorded is right and there once.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { eventsOf, openHarness, spansOf, toldAgain, type Harness, type Outcome } from '../harness.ts';
import { anonymous, EXPECTED, expectedOf, lineOf, recordedOf, surfaceScenario } from './surfaces.ts';
import { SDK_VERSIONS } from './tested-versions.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/surfaces.mjs');

const NEWEST = '1.15.0';

const CASES = [
  ...SDK_VERSIONS.map(([version, hasMiddleware]) => ({ version, hasMiddleware, native: 'on' })),
  { version: '0.134.0', hasMiddleware: true, native: 'off' },
  { version: NEWEST, hasMiddleware: true, native: 'off' },
];

describe.each(CASES)(
  '@anthropic-ai/sdk $version, native spans $native',
  ({ version, hasMiddleware, native }) => {
    // Since 0.134.0.
    const isNative = native === 'on' && /^(0\.134|1\.)/.test(version);
    let harness: Harness;
    let bare: Outcome;
    let observed: Outcome;

    beforeAll(async () => {
      harness = await openHarness();
      const environment = {
        SDK: version === NEWEST ? '@anthropic-ai/sdk' : `anthropic-sdk-${version.replaceAll('.', '-')}`,
        ...(native === 'off' ? { ANTHROPIC_OPEN_TELEMETRY: 'false' } : {}),
      };
      bare = await harness.run(PROGRAM, { scenario: surfaceScenario(), preload: 'none', environment });
      observed = await harness.run(PROGRAM, { scenario: surfaceScenario(), environment });
    });
    afterAll(() => harness.close());

    it('the caller sees the same', () => {
      expect(anonymous(observed.stdout)).toEqual(anonymous(bare.stdout));
      expect(observed.code).toBe(bare.code);
    });

    it.each(Object.keys(EXPECTED))('%s: recorded once, and right', (name) => {
      expect(recordedOf(observed, name, hasMiddleware)).toEqual(
        expectedOf(name, lineOf(bare, name), { hasMiddleware, isNative }),
      );
    });

    it('makes no span that no event stands for', () => {
      const chats = observed.spans.filter((span) => /^(chat |anthropic\.messages)/.test(span.name));
      expect(chats).toHaveLength(eventsOf(observed, 'agent.model_call').length);
    });

    it('each run costs what its calls cost, and has their tokens', () => {
      const calls = eventsOf(observed, 'agent.model_call');
      const totals = eventsOf(observed, 'agent.run').map((run) => {
        const own = calls.filter((call) => call['agent.run_id'] === run['agent.run_id']);
        const sum = (read: (call: (typeof own)[number]) => number | undefined) =>
          own.reduce((total, call) => total + (read(call) ?? 0), 0);
        return {
          run: [run['agent.cost_nano_usd'] ?? 0, run['agent.turns'], run['agent.tokens_out']],
          calls: [sum((call) => call.cost_nano_usd), own.length, sum((call) => call.tokens_output)],
        };
      });
      expect(totals.map(({ run }) => run)).toEqual(totals.map((total) => total.calls));
    });

    it('sends no span that tells again what an event tells', () => {
      expect(toldAgain(observed)).toEqual([]);
    });

    it('token counting has a span with its own operation, and no event', () => {
      const ways = Object.keys(EXPECTED).filter((name) => EXPECTED[name]?.counts !== undefined);
      const made = ways.filter((name) => !lineOf(bare, name).includes('"absent"'));
      const counts = spansOf(observed, 'count_tokens claude-sonnet-5-5');
      expect(
        counts.map(({ attributes, statusCode }) => [
          attributes['gen_ai.operation.name'],
          Object.keys(attributes).filter((key) => key.includes('cost')),
          statusCode === 2,
        ]),
      ).toEqual(made.map((name) => ['count_tokens', [], name === 'count_tokens_failure']));
    });
  },
);
