// The Claude Agent SDK: sessions, sub-agents and cumulative totals, against a stand-in for its query.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/agent-query.mjs');

describe('wrapQuery', () => {
  let harness: Harness;
  let bare: Outcome;
  let observed: Outcome;

  beforeAll(async () => {
    harness = await openHarness();
    const environment = { PACKAGE: path.join(harness.packageDir, 'agent-sdk.mjs') };
    bare = await harness.run(PROGRAM, { scenario: { exchanges: [] }, preload: 'none', environment });
    observed = await harness.run(PROGRAM, { scenario: { exchanges: [] }, environment });
  });
  afterAll(() => harness.close());

  it('keeps every method and every message', () => {
    expect(bare.stdout).toBe('10 interrupted true\n');
    expect([observed.stdout, observed.stderr]).toEqual([bare.stdout, '']);
  });

  it('each result ends a run; a sub-agent is a run of its own below it', () => {
    const runs = eventsOf(observed, 'agent.run');
    expect(runs.map((run) => [run['gen_ai.agent.name'], run['agent.status'], run['agent.turns']])).toEqual([
      ['searcher', 'ok', 1],
      ['contract', 'ok', 2],
      ['contract', 'max_turns', 1],
    ]);
    expect(runs[0]?.['agent.parent_run_id']).toBe(runs[1]?.['agent.run_id']);
    expect(runs.map((run) => run['gen_ai.conversation.id'])).toEqual(['session-1', 'session-1', 'session-1']);
  });

  it('tokens are the differences of the totals, one call for each message id', () => {
    const calls = eventsOf(observed, 'agent.model_call');
    expect(
      calls
        .map((call) => [call['gen_ai.response.id'], call.tokens_input, call.tokens_output, call.attempts])
        .sort((a, b) => String(a[0]).localeCompare(String(b[0]))),
    ).toEqual([
      ['m1', 100, 1, 1],
      ['m2', 200, 39, 2],
      ['m3', 400, 20, 1],
      ['s1', 50, 20, 1],
    ]);
    const total = calls.reduce((sum, call) => sum + (call.cost_nano_usd ?? Number.NaN), 0);
    expect(total).toBe(700 * 2_000 + 60 * 10_000 + 50 * 100 + 20 * 500);
  });

  it('a cost that the SDK sees otherwise is noted, an agreed one is not', () => {
    const notes = eventsOf(observed, 'agent.note');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({
      'agent.note.kind': 'warning',
      'agent.note.text': expect.stringMatching(/^cost by usage \$0\.00/),
    });
  });

  it('tool calls are recorded', () => {
    expect(
      eventsOf(observed, 'agent.tool_call').map((call) => [call['gen_ai.tool.name'], call['tool.ok']]),
    ).toEqual([['Task', true]]);
  });
});
