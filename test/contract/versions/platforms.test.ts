// The clients of other platforms use the same resource classes; their calls are priced for where they ran.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { answer } from '../../fakes/messages.ts';
import { eventsOf, openHarness, spansOf, type Harness } from '../harness.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/platform.mjs');

describe('platform clients', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it.each([
    ['bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws.bedrock', /^bedrock/],
    ['bedrock-mantle', 'anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws.bedrock', /^bedrock/],
    ['vertex', 'claude-sonnet-4-5@20250929', 'gcp.vertex_ai', /^vertex/],
    ['foundry', 'claude-sonnet-4-5', 'anthropic', /^(foundry|anthropic)/],
    ['aws', 'claude-sonnet-4-5', 'anthropic', /^(aws|anthropic)/],
  ] as const)('%s: one call, one span, priced', async (platform, model, provider, row) => {
    const environment = { PLATFORM: platform, MODEL: model };
    const scenario = { exchanges: [answer({ model: 'claude-sonnet-4-5-20250929' })] };
    const bare = await harness.run(PROGRAM, { scenario, preload: 'none', environment });
    const observed = await harness.run(PROGRAM, { scenario, environment });
    expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, bare.stderr, bare.code]);
    expect(bare.stdout).toBe('Hello there, how can I help?\n');
    const calls = eventsOf(observed, 'agent.model_call');
    expect(calls.map((call) => [call['gen_ai.provider.name'], call['tallyspan.cost.status']])).toEqual([
      [provider, 'priced'],
    ]);
    expect(calls[0]?.['tallyspan.price.row']).toMatch(row);
    expect(spansOf(observed, 'chat')).toHaveLength(1);
  });
});
