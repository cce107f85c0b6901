// What is in no bill accounts for none of it: calls under a plan, refusals without an answer, calls of others.

import { expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { getJson, sendEvents, startTestServer } from '../server/harness.ts';

const call = (index: number, more: Partial<EventRecord>): EventRecord => ({
  timestamp: Date.now() - 1_000,
  'event.name': 'agent.model_call',
  'service.name': 'claude-code',
  'tallyspan.process_id': 'a'.repeat(32),
  'tallyspan.seq': index,
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.response.model': 'claude-sonnet-5-5',
  'gen_ai.response.id': `msg_${index}`,
  tokens_input: 10 ** index,
  cost_nano_usd: 1,
  cost_input_nano_usd: 1,
  ...more,
});
const CALLS = [
  call(0, { 'gen_ai.conversation.id': 'by-the-call' }),
  call(1, { 'gen_ai.conversation.id': 'planned', 'anthropic.plan': 'max' }),
  call(2, { 'gen_ai.conversation.id': 'planned' }),
  call(3, { 'service.name': 'support' }),
];

it.each([
  ['as Claude Code says', undefined, 1 + 1_000],
  ['all of it, as the setting says', true, 1_000],
  ['none of it, as the setting says', false, 1_111],
])('what is under a plan is not in the ledger: %s', async (_, isClaudeOnPlan, tokens) => {
  const server = await startTestServer({ isClaudeOnPlan });
  await sendEvents(server, CALLS);
  const { ledger } = await getJson<{ ledger: { quantity: number }[] }>(server, '/api/billing?since=1d');
  expect(ledger.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(tokens);
  await server.remove();
});

it.each<[string, Partial<EventRecord>]>([
  [
    'what the API refused and does not bill',
    {
      cost_nano_usd: 0,
      cost_input_nano_usd: 0,
      'tallyspan.cost.status': 'priced',
      'tallyspan.cost.reason': 'refusal_not_billed',
    },
  ],
  [
    'what another organisation is billed',
    {
      cost_nano_usd: undefined,
      cost_input_nano_usd: undefined,
      'tallyspan.cost.status': 'unpriced',
      'tallyspan.cost.unpriced_reason': 'user_profile_billed',
    },
  ],
])('%s is not in the ledger, whatever its usage says', async (_, more) => {
  const server = await startTestServer();
  await sendEvents(server, [call(2, {}), call(3, more)]);
  const { ledger } = await getJson<{ ledger: { quantity: number }[] }>(server, '/api/billing?since=1d');
  expect(ledger.map(({ quantity }) => quantity)).toEqual([100]);
  await server.remove();
});
