// Message batches: their results are priced as batch calls, whoever reads them.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import type { Scenario } from '../fakes/anthropic-api.ts';
import { makeMessage } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/batch.mjs');

function scenario(): Scenario {
  const message = makeMessage({ usage: { service_tier: 'batch' } });
  const rows = [
    { custom_id: 'a', result: { type: 'succeeded', message } },
    { custom_id: 'b', result: { type: 'errored', error: { type: 'error', error: { type: 'api_error' } } } },
  ];
  return {
    exchanges: [],
    respond: ({ path: url, headers }) =>
      url.endsWith('/results')
        ? {
            json: rows.map((row) => JSON.stringify(row)).join('\n'),
            headers: { 'content-type': 'application/binary' },
          }
        : {
            json: {
              id: 'batch_1',
              processing_status: 'ended',
              results_url: `http://${String(headers.host)}/v1/messages/batches/batch_1/results`,
            },
          },
  };
}

describe('batch results', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it.each(['@anthropic-ai/sdk', 'anthropic-sdk-0-39-0'])(
    '%s: half the price, each row that was billed',
    async (SDK) => {
      const environment = { SDK };
      const bare = await harness.run(PROGRAM, { scenario: scenario(), preload: 'none', environment });
      const observed = await harness.run(PROGRAM, { scenario: scenario(), environment });
      expect(bare.stdout).toBe('a:succeeded,b:errored\na:succeeded\n');
      expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, '', 0]);
      const calls = eventsOf(observed, 'agent.model_call');
      expect(calls.map((call) => [call.service_tier, call.cost_nano_usd])).toEqual([
        ['batch', (100 * 2_000 + 20 * 10_000) / 2],
        ['batch', (100 * 2_000 + 20 * 10_000) / 2],
      ]);
      // Read twice, counted once: readers go by the id of the message.
      expect(new Set(calls.map((call) => call['gen_ai.response.id'])).size).toBe(1);
    },
  );
});
