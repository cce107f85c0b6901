// The Claude Agent SDK: sessions, sub-agents and cumulative totals, against a stand-in for its query.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
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
    expect(bare.stdout).toBe('11 interrupted true\n');
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

  it('a call has the tokens of its messages, one call for each message id; what Claude Code writes itself is none', () => {
    const calls = eventsOf(observed, 'agent.model_call').filter(
      (call) => call['tallyspan.source'] !== 'remainder',
    );
    expect(
      calls
        .map((call) => [
          call['gen_ai.response.id'],
          call.tokens_input,
          call.tokens_output,
          call.attempts,
          call['tallyspan.cost.status'],
        ])
        .sort((a, b) => String(a[0]).localeCompare(String(b[0]))),
    ).toEqual([
      ['m1', 100, 1, 1, 'estimated'],
      ['m2', 200, 1, 2, 'estimated'],
      ['m3', 400, 1, 1, 'estimated'],
      ['s1', 50, 1, 1, 'estimated'],
    ]);
  });

  it('what the totals have beyond them is a row of each model, never laid on a call; together they are the totals', () => {
    const rests = eventsOf(observed, 'agent.model_call').filter(
      (call) => call['tallyspan.source'] === 'remainder',
    );
    expect(
      rests.map((rest) => [
        rest['gen_ai.response.model'],
        rest.tokens_input,
        rest.tokens_output,
        rest.tokens_cache_write_5m,
        rest['tallyspan.cost.status'],
        rest['tallyspan.cost.reason'],
      ]),
    ).toEqual([
      ['claude-sonnet-5-5', 0, 38, 0, 'estimated', 'not_in_messages'],
      ['claude-haiku-5-5', 0, 19, 0, 'estimated', 'not_in_messages'],
      ['claude-sonnet-5-5', 0, 19, 0, 'estimated', 'not_in_messages'],
    ]);
    const total = eventsOf(observed, 'agent.model_call').reduce(
      (sum, call) => sum + (call.cost_nano_usd ?? Number.NaN),
      0,
    );
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

describe('limits of a session', () => {
  it('become its own budget, are counted as messages come, and interrupt it once', async () => {
    const harness = await openHarness();
    try {
      const outcome = await harness.run(path.join(import.meta.dirname, 'programs/limited-query.mjs'), {
        scenario: { exchanges: [] },
        environment: {
          PACKAGE: path.join(harness.packageDir, 'agent-sdk.mjs'),
          TALLYSPAN_LIMIT_RUN: '$0.001',
        },
      });
      // 1,000 tokens of input and 1 of output: 2,010,000 nano-USD a call.
      expect(outcome.stdout).toBe('budget 0.001\ninterrupted 1\n');
      expect(eventsOf(outcome, 'agent.limit')).toMatchObject([
        { 'limit.action': 'stopped', 'limit.scope': 'run', limit_nano_usd: 1_000_000 },
      ]);
      expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['budget_exceeded']);
    } finally {
      await harness.close();
    }
  });

  it.each([
    ['claude-sonnet-5-5', 'budget undefined\ninterrupted 1\nbudget 0.000001\n', ['process_day']],
    ['claude-opus-*', 'budget undefined\ninterrupted 0\nbudget undefined\n', []],
  ])('of a model (%s) are of what that model costs in it', async (model, stdout, scopes) => {
    const harness = await openHarness();
    try {
      const limitsFile = path.join(harness.packageDir, 'limits.json');
      await writeFile(limitsFile, JSON.stringify({ limits: [{ model, process_day: '$0.001' }] }));
      const outcome = await harness.run(path.join(import.meta.dirname, 'programs/limited-query.mjs'), {
        scenario: { exchanges: [] },
        environment: {
          PACKAGE: path.join(harness.packageDir, 'agent-sdk.mjs'),
          TALLYSPAN_LIMITS: limitsFile,
          AGAIN_MODEL: 'claude-sonnet-5-5',
        },
      });
      expect(outcome.stdout).toBe(stdout);
      expect(eventsOf(outcome, 'agent.limit').map((event) => event['limit.scope'])).toEqual(scopes);
    } finally {
      await harness.close();
    }
  });
});
