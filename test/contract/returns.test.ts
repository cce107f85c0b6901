// What a function returns comes back as it is, and its run ends when that ends; identity goes down to nested runs and
// their totals come up.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { errorExchange, type Exchange, type RecordedRequest, type Scenario } from '../fakes/anthropic-api.ts';
import { answer, streamedAnswer } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAMS = path.join(import.meta.dirname, 'programs');

function reply(request: RecordedRequest): Exchange {
  const { stream, model } = request.body as { stream?: boolean; model?: string };
  if (request.path.endsWith('count_tokens')) return { json: { input_tokens: 7 } };
  if (model === 'broken') return errorExchange(529, 'overloaded_error', 'busy');
  return stream === true ? streamedAnswer() : answer();
}

const SCENARIO: Scenario = { exchanges: [], respond: reply };

/** Status and calls of the run of each agent. */
const RUNS: Readonly<Record<string, readonly [status: string, calls: number, error?: string]>> = {
  create: ['ok', 1],
  'with-response': ['ok', 1],
  'as-response': ['ok', 1],
  unwrap: ['ok', 1],
  catch: ['ok', 1],
  finally: ['ok', 1],
  'refused-call': ['error', 1, 'overloaded_error'],
  count: ['ok', 0],
  stream: ['ok', 1],
  'async-stream': ['ok', 1],
  'left-stream': ['aborted', 1],
  teed: ['ok', 1],
  aborted: ['aborted', 1],
  'message-stream': ['ok', 1],
  'message-stream-events': ['ok', 1],
  'read-twice': ['ok', 1],
  promise: ['ok', 0],
  subclass: ['ok', 0],
  all: ['ok', 0],
  fails: ['error', 0, 'TypeError'],
  nobody: ['error', 0, 'RangeError'],
  late: ['error', 0, 'RangeError'],
  chained: ['error', 0, 'RangeError'],
  thenable: ['ok', 0],
  generator: ['ok', 2],
  'left-generator': ['aborted', 1],
  throwing: ['error', 0, 'SyntaxError'],
  'sync-generator': ['ok', 0],
  iterable: ['ok', 0],
  'never-begun': ['aborted', 0],
  readable: ['ok', 0],
  web: ['ok', 0],
  proxy: ['ok', 0],
  'proxy-promise': ['ok', 0],
  frozen: ['ok', 0],
  throws: ['error', 0, 'EvalError'],
  wrapped: ['ok', 1],
};

describe('what a run gives back', () => {
  let harness: Harness;
  let bare: Outcome;
  let observed: Outcome;
  let nested: Outcome;

  beforeAll(async () => {
    harness = await openHarness();
    const environment = { PACKAGE: harness.packageDir };
    const options = { scenario: SCENARIO, environment, flags: ['--expose-gc'] };
    bare = await harness.run(path.join(PROGRAMS, 'returns.mjs'), { ...options, preload: 'none' });
    observed = await harness.run(path.join(PROGRAMS, 'returns.mjs'), options);
    nested = await harness.run(path.join(PROGRAMS, 'nested.mjs'), { scenario: SCENARIO, environment });
  });
  afterAll(() => harness.close());

  it('is the very thing that its function gave: nothing that the program sees changes', () => {
    expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, '', 0]);
    expect(bare.stdout).not.toContain('false');
  });

  it.each(Object.entries(RUNS))('the run of %s ends once, as that ends', (agent, [status, calls, error]) => {
    const runs = eventsOf(observed, 'agent.run').filter((run) => run['gen_ai.agent.name'] === agent);
    expect(runs.map((run) => [run['agent.status'], run['agent.turns'], run['error.type']])).toEqual([
      [status, calls, error],
    ]);
  });

  it('every run that began has ended, also the plain ones', () => {
    const started = eventsOf(observed, 'agent.run.started').length;
    expect(eventsOf(observed, 'agent.run')).toHaveLength(started);
    const plain = eventsOf(observed, 'agent.run').filter((run) => run['gen_ai.agent.name'] === 'plain');
    expect(plain.map((run) => run['agent.status'])).toEqual(Array.from({ length: 5 }, () => 'ok'));
  });

  const runOf = (agent: string) => {
    const runs = eventsOf(nested, 'agent.run').filter((run) => run['gen_ai.agent.name'] === agent);
    expect(runs).toHaveLength(1);
    return runs[0] as (typeof runs)[number];
  };

  it.each([
    ['direct', 'outer'],
    ['wrapped', 'outer'],
    ['contract', 'outer'],
    ['in-tool', 'outer'],
    ['left', 'outer'],
    ['right', 'outer'],
    ['generator', 'outer'],
    ['in-generator', 'generator'],
  ])('%s is nested in %s and has its identity', (agent, parent) => {
    const run = runOf(agent);
    expect(run['agent.parent_run_id']).toBe(runOf(parent)['agent.run_id']);
    const identity = {
      'user.id': 'cust-7',
      'gen_ai.conversation.id': 's-1',
      'agent.task_type': 'refund',
      'agent.version': '3',
    };
    expect(run).toMatchObject({ ...identity, 'agent.tags': ['beta'] });
    const calls = eventsOf(nested, 'agent.model_call').filter(
      (call) => call['agent.run_id'] === run['agent.run_id'],
    );
    for (const call of calls) expect(call).toMatchObject(identity);
  });

  it('what the inner run sets itself wins, and what is not around it does not reach it', () => {
    expect(runOf('deep')).toMatchObject({
      'agent.parent_run_id': runOf('direct')['agent.run_id'],
      'user.id': 'other',
      'gen_ai.conversation.id': 's-1',
      'agent.version': '4',
      'agent.tags': ['beta', 'deep'],
    });
    expect(runOf('apart')['user.id']).toBeUndefined();
    expect(runOf('apart')['agent.parent_run_id']).toBeUndefined();
    expect(runOf('of-the-flow')['user.id']).toBe('flow');
  });

  it('totals stay a run its own; those of the runs within it stand beside them', () => {
    const outer = runOf('outer');
    const inner = eventsOf(nested, 'agent.run').filter(
      (run) => run['agent.parent_run_id'] !== undefined && run !== outer,
    );
    const sum = (key: 'agent.turns' | 'agent.cost_nano_usd' | 'agent.tokens_in') =>
      inner.reduce((total, run) => total + (run[key] ?? Number.NaN), 0);
    expect(outer['agent.turns']).toBe(1);
    expect(inner).toHaveLength(9);
    expect(outer).toMatchObject({
      'agent.nested_runs': 9,
      'agent.nested_turns': sum('agent.turns'),
      'agent.nested_cost_nano_usd': sum('agent.cost_nano_usd'),
      'agent.nested_tokens_in': sum('agent.tokens_in'),
    });
    expect(sum('agent.cost_nano_usd')).toBeGreaterThan(outer['agent.cost_nano_usd'] ?? 0);
    expect(runOf('direct')['agent.nested_cost_nano_usd']).toBe(runOf('deep')['agent.cost_nano_usd']);
    expect(runOf('deep')['agent.nested_runs']).toBeUndefined();
  });
});

describe('a function that is over while its model calls go on', () => {
  let harness: Harness;
  let observed: Outcome;

  beforeAll(async () => {
    harness = await openHarness();
    const environment = { PACKAGE: harness.packageDir };
    observed = await harness.run(path.join(PROGRAMS, 'left-calls.mjs'), { scenario: SCENARIO, environment });
  });
  afterAll(() => harness.close());

  it.each<[agent: string, status: string, calls: number, error: string | undefined]>([
    ['forgets', 'ok', 1, undefined],
    ['keeps a stream', 'ok', 1, undefined],
    ['one of three fails', 'error', 3, 'overloaded_error'],
    ['sets its status', 'refused', 1, undefined],
    ['never reads', 'ok', 1, undefined],
  ])('%s: its run has them, and ends as it did', (agent, status, turns, error) => {
    const runs = eventsOf(observed, 'agent.run').filter((run) => run['gen_ai.agent.name'] === agent);
    const calls = eventsOf(observed, 'agent.model_call').filter(
      (call) => call['gen_ai.agent.name'] === agent,
    );
    // What nobody reads has a cost that nobody knows; what failed has none.
    const costs = calls.map(
      (call) => call.cost_nano_usd ?? (call['error.type'] === undefined ? Number.NaN : 0),
    );
    const known = costs.reduce((sum, cost) => sum + cost);
    expect(runs.map((run) => [run['agent.status'], run['error.type'], run['agent.turns']])).toEqual([
      [status, error, turns],
    ]);
    expect(costs).toHaveLength(turns);
    expect(runs[0]?.['agent.cost_nano_usd'] ?? Number.NaN).toBe(known);
    expect(Number.isNaN(known)).toBe(agent === 'never reads');
  });
});
