// What a session of Claude Code cost is the same whoever tells of it, whatever of the logs and spans was lost, and in
// whatever order the rest came: calls that nobody told of stay in the remainders of the ledgers.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { EventRecord } from '../../core/event.ts';
import { NO_USAGE, type Usage } from '../../core/pricing/usage.ts';
import { estimate } from '../../core/transcripts/price-facts.ts';
import { markRepeats } from '../../server/claude-repeats.ts';
import { findLostRuns } from '../../server/lost-runs.ts';
import { listRuns } from '../../server/queries/runs/list-runs.ts';
import { readSession } from '../../server/queries/runs/read-session.ts';
import { readCost } from '../../server/queries/signals/read-cost.ts';
import { openTestStore, removeTestStore, type TestStore } from '../server/test-store.ts';
import {
  anySession,
  base,
  BASE_MS,
  costOf,
  eventsOf,
  HAIKU,
  messaged,
  OPUS,
  runOf,
  started,
  transcribed,
  TURN_MS,
  type Made,
} from './told-session.ts';

jest.setTimeout(120_000);

/** The events come in so many parts. */
const PARTS = 2;

let serial = 0;

let place: TestStore;
beforeAll(async () => {
  place = await openTestStore();
});
afterAll(() => removeTestStore(place));

async function storedCost(session: string): Promise<number> {
  const [row] = await place.database.all(
    `SELECT sum(cost_nano_usd) AS cost, min(cost_nano_usd) AS least,
       bool_and(cost_nano_usd = coalesce(cost_input_nano_usd, 0) + coalesce(cost_cache_read_nano_usd, 0)
         + coalesce(cost_cache_write_5m_nano_usd, 0) + coalesce(cost_cache_write_1h_nano_usd, 0)
         + coalesce(cost_output_nano_usd, 0) + coalesce(cost_web_search_nano_usd, 0)) AS is_sum
     FROM agent_model_call WHERE gen_ai_conversation_id = ? AND tallyspan_duplicate IS NOT TRUE`,
    [session],
  );
  if (Number(row?.['least']) < 0 || row?.['is_sum'] !== true) throw new Error(JSON.stringify(row));
  return Number(row['cost']);
}

test('any part of the logs and spans of a session, in any order, leaves its cost as it was', async () => {
  await fc.assert(
    fc.asyncProperty(anySession, async (made) => {
      const session = `session-${String((serial += 1))}`;
      const events = eventsOf(made, session)
        .map((event, index) => ({ event, rank: made.order[index % made.order.length] ?? 0 }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ event }) => event);
      // The server looks after each part.
      for (let part = 0; part < PARTS; part++) {
        const from = Math.floor((part * events.length) / PARTS);
        const to = Math.floor(((part + 1) * events.length) / PARTS);
        if (to > from) await place.store.write({ events: events.slice(from, to), spans: [] });
        await markRepeats(place.database, place.store, { sessions: new Set([session]) });
      }
      expect(await storedCost(session)).toBe(made.calls.reduce((sum, call) => sum + costOf(call), 0));
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

const ONE_CALL: Made = {
  turn: 0,
  model: OPUS,
  usage: { ...NO_USAGE, input: 100, output: 10 },
  isShown: true,
  isLogged: false,
  hasSpan: false,
};

const inRun = (event: EventRecord, run: string): EventRecord => ({ ...event, 'agent.run_id': run });

test('of a run the transcript and another way tell, its context costs and a compaction count once', async () => {
  const session = 'twice';
  const note = (source: string, atMs: number): EventRecord => ({
    ...base(session, source, atMs, source),
    'event.name': 'agent.note',
    'tallyspan.key': `claude-code/${source}/${session}`,
    'agent.run_id': 'told',
    'agent.note.kind': 'compaction',
  });
  await place.store.write({
    events: [
      // The program saw the message to its end, and so counts.
      inRun(
        {
          ...transcribed(ONE_CALL, session, 'x', BASE_MS),
          'tallyspan.key': undefined,
          'tallyspan.source': undefined,
          span_id: 'a',
        },
        'seen',
      ),
      inRun(transcribed(ONE_CALL, session, 'x', BASE_MS), 'told'),
      inRun(
        {
          ...base(session, 'cost', BASE_MS, 'transcript'),
          'event.name': 'agent.tool_cost',
          cost_nano_usd: 600_000,
        },
        'told',
      ),
      note('log', BASE_MS + 2_000),
      note('transcript', BASE_MS + 1_000),
    ],
    spans: [],
  });
  await markRepeats(place.database, place.store, { sessions: new Set([session]) });
  const counted = async (table: string): Promise<unknown> =>
    (
      await place.database.all(
        `SELECT list(tallyspan_source) AS sources FROM ${table} WHERE gen_ai_conversation_id = ? AND tallyspan_duplicate IS NOT TRUE`,
        [session],
      )
    )[0]?.['sources'];
  expect(await counted('agent_note')).toEqual(['transcript']);
  expect(await counted('agent_tool_cost')).toBeNull();
});

test('what a transcript knows better of the calls of a program stays in its run, with its user', async () => {
  const session = 'of-a-program';
  const ofProgram = { 'agent.run_id': 'program', 'user.id': 'u-1', 'gen_ai.agent.name': 'support' } as const;
  const run = (fields: Partial<EventRecord>, id: string, source?: string): EventRecord => ({
    ...base(session, id, BASE_MS + 1_000, id),
    'event.name': 'agent.run',
    duration_ms: 5_000,
    'tallyspan.source': source,
    ...fields,
  });
  const transcript = [
    inRun(transcribed(ONE_CALL, session, 'p', BASE_MS), 'prompt'),
    run({ 'agent.run_id': 'prompt', 'tallyspan.key': `claude-code/run/${session}` }, 'prompt', 'transcript'),
    {
      ...base(session, 'cost-p', BASE_MS, 'transcript'),
      'event.name': 'agent.tool_cost' as const,
      'agent.run_id': 'prompt',
      cost_nano_usd: 600_000,
    },
  ];
  await place.store.write({
    events: [{ ...messaged(ONE_CALL, session, 'p', BASE_MS), ...ofProgram }, run(ofProgram, 'program')],
    spans: [],
  });
  // A later import may tell of the same again.
  for (let round = 0; round < 2; round++) {
    await place.store.write({ events: transcript, spans: [] });
    await markRepeats(place.database, place.store, { sessions: new Set([session]) });
  }
  for (const table of ['agent_model_call', 'agent_run', 'agent_tool_cost']) {
    const counted = `SELECT DISTINCT '${table}' AS table, agent_run_id AS run, user_id AS user FROM ${table}
      WHERE gen_ai_conversation_id = ? AND tallyspan_duplicate IS NOT TRUE`;
    expect(await place.database.all(counted, [session])).toEqual([{ table, run: 'program', user: 'u-1' }]);
  }
  expect(await storedCost(session)).toBe(costOf(ONE_CALL));
});

test('the steps of an adviser in a call of the transcript are not left in the remainder of the messages', async () => {
  const session = 'advised';
  const steps = `anthropic/${OPUS}@2026-09-22 anthropic/claude-haiku-4-5@2025-10-01`;
  const remainder = (model: string, usage: Partial<Usage>): EventRecord => ({
    ...base(session, model, BASE_MS + 1_000, 'remainder'),
    ...estimate('not_in_messages', usage, model, BASE_MS, 'not_in_messages'),
  });
  await place.store.write({
    events: [
      messaged(ONE_CALL, session, 'a', BASE_MS),
      {
        ...transcribed(
          { ...ONE_CALL, usage: { ...NO_USAGE, input: 5_100, output: 710 } },
          session,
          'a',
          BASE_MS,
        ),
        'tallyspan.price.row': steps,
      },
      remainder(OPUS, { output: 9 }),
      // Of 300 tokens nobody tells.
      remainder(HAIKU, { input: 5_400, output: 700 }),
    ],
    spans: [],
  });
  await markRepeats(place.database, place.store, { sessions: new Set([session]) });
  const rows = await place.database.all(
    `SELECT tokens_input AS input, tokens_output AS output FROM agent_model_call
     WHERE gen_ai_conversation_id = ? AND tallyspan_duplicate IS NOT TRUE AND tallyspan_source = 'remainder'`,
    [session],
  );
  expect(rows.map((row) => [Number(row['input']), Number(row['output'])])).toEqual([[300, 0]]);
});

test('what nobody told of costs, and is in no number of calls', async () => {
  const session = 'counted';
  const run = runOf(session, 0);
  const where = { session };
  const window = { from: BASE_MS - TURN_MS, to: BASE_MS + TURN_MS };
  await place.store.write({
    events: [
      started(session, 0),
      inRun(messaged(ONE_CALL, session, 'first', BASE_MS), run),
      inRun(messaged(ONE_CALL, session, 'second', BASE_MS + 1_000), run),
      ...[OPUS, HAIKU].map((model) => ({
        ...inRun(base(session, model, BASE_MS + 2_000, 'remainder'), run),
        ...estimate('not_in_messages', { output: 20 }, model, BASE_MS, 'not_in_messages'),
      })),
    ],
    spans: [],
  });
  const { database } = place;
  const costNanoUsd = await storedCost(session);
  for (const by of ['day', 'source', 'session'] as const) {
    const { rows } = await readCost(database, {
      by,
      since: window.from,
      until: window.to,
      timezone: 'UTC',
      where,
    });
    const sum = (of: 'calls' | 'cost_nano_usd'): number => rows.reduce((all, row) => all + (row[of] ?? 0), 0);
    expect([by, sum('calls'), sum('cost_nano_usd')]).toEqual([by, 2, costNanoUsd]);
  }
  expect((await readSession(database, session)).map((turn) => turn.model_calls)).toEqual([2]);
  const [open] = await listRuns(database, { session, limit: 9 });
  expect([open?.['agent.turns'], open?.['agent.cost_nano_usd']]).toEqual([2, costNanoUsd]);
  const lost = await findLostRuns(database, Date.now());
  expect(lost.find((end) => end['agent.run_id'] === run)?.['agent.turns']).toBe(2);
});
