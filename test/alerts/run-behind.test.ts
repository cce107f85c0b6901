// The run behind a value, for groups of every dimension: also of those that the end of a run does not carry.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RuleWhere } from '../../alerts/rules/rule.ts';
import type { EventRecord } from '../../core/event.ts';
import { DIMENSIONS } from '../../core/schema.ts';
import { findRunBehind } from '../../server/alerting/run-behind.ts';
import { openTestStore, removeTestStore, type TestStore } from '../server/test-store.ts';
import { eventsOfRun, hex } from './rules/corpus.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const STRETCH = { from: NOON - 3_600_000, to: NOON + 3_600_000 };
const PAGE = 'http://page.example';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
  const events = [
    ...eventsOfRun({
      atMs: NOON,
      id: 'cheap',
      user: 'ana',
      session: 's',
      calls: 2,
      callUsd: 1,
      tool: { name: 'refund' },
    }),
    ...eventsOfRun({
      atMs: NOON,
      id: 'dear',
      user: 'ben',
      session: 't',
      calls: 2,
      callUsd: 9,
      tool: { name: 'lookup' },
    }),
  ];
  await store.store.write({ events, spans: [] });
});

afterAll(async () => {
  await removeTestStore(store);
});

it.each([
  ['user', 'ana'],
  ['session', 's'],
  ['tool', 'refund'],
] as const)('of one %s is a run of it, whichever event says so', async (by, key) => {
  for (const order of ['cost', 'duration', 'turns'] as const) {
    const run = await findRunBehind(store.database, order, STRETCH, { by, key }, PAGE);
    expect([order, run?.runId]).toEqual([order, hex('cheap', 32)]);
  }
});

it.each(DIMENSIONS.map((by) => [by]))('by %s can be asked for', async (by) => {
  for (const order of ['cost', 'duration', 'turns', 'failed', 'lost', 'scores'] as const) {
    const run = await findRunBehind(store.database, order, STRETCH, { by, key: 'nobody' }, PAGE);
    expect(run).toBeUndefined();
  }
});

it('of cost names what of it is list value', async () => {
  const onPlan = { ...store.database, isClaudeOnPlan: true };
  const lookUp = (database: typeof onPlan): ReturnType<typeof findRunBehind> =>
    findRunBehind(database, 'cost', STRETCH, { by: 'user', key: 'ana' }, PAGE);
  expect((await lookUp(onPlan))?.detail).not.toContain('list value');
  await store.store.exclusively((writer) =>
    writer.run("UPDATE agent_model_call SET service_name = 'claude-code' WHERE user_id = 'ana'"),
  );
  expect((await lookUp(onPlan))?.detail).toMatch(/, list value$/);
  expect((await lookUp({ ...onPlan, isClaudeOnPlan: false }))?.detail).not.toContain('list value');
});

it('of scores is the run with the lowest, of the score that the rule is about', async () => {
  const events = [
    score('cheap', 'helpful', 1),
    score('dear', 'helpful', 0),
    score('cheap', 'cost_usd', -1),
    score('dear', 'cost_usd', 2),
  ];
  await store.store.write({ events, spans: [] });
  const find = (where: RuleWhere): ReturnType<typeof findRunBehind> =>
    findRunBehind(store.database, 'scores', STRETCH, undefined, PAGE, where);
  expect(await find({ score: 'helpful' })).toMatchObject({
    runId: hex('dear', 32),
    detail: 'helpful: not good',
  });
  expect(await find({ score: 'cost_usd' })).toMatchObject({
    runId: hex('cheap', 32),
    detail: 'cost_usd: -1',
  });
});

function score(run: string, name: string, value: number): EventRecord {
  return {
    timestamp: NOON,
    'event.name': 'agent.score',
    'service.name': 'shop',
    span_id: hex(`${run} ${name}`, 16),
    'agent.run_id': hex(run, 32),
    'gen_ai.evaluation.name': name,
    score_millionths: value * 1e6,
    ...(name === 'helpful' ? { score_passed: value === 1 } : {}),
  };
}
