// Costs of tools come in two forms: a row for each share of a call, or the shares in the call and rows that sum them up.
// Both give the same numbers: in the embedded server everywhere, where rows are summed (Loki, the reference) in every
// window whose ends are whole five minutes.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateHistory } from '../../server/example/history/generate-history.ts';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/time/time.ts';
import { readDiagnosis } from '../../server/queries/diagnosis/read-diagnosis.ts';
import { readToolTax } from '../../server/queries/diagnosis/read-unused-tools.ts';
import { readRun } from '../../server/queries/runs/read-run.ts';
import { readRunOutline } from '../../server/queries/runs/read-run-outline.ts';
import { runSignal } from '../../server/queries/signals/signals.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import { compareResults } from '../../signals/compare.ts';
import { evaluate } from '../../signals/evaluate.ts';
import type { Signal } from '../../signals/signal.ts';
import { withShares } from '../fixtures/share-form.ts';
import { openTestStore, removeTestStore, type TestStore } from '../server/test-store.ts';

const TO = Date.parse('2026-11-20T12:00:00Z');
const FROM = TO - DAY_MS;
const rowForm = [...generateHistory({ days: 1, untilMs: TO, seed: 29 })].flat();
const shareForm = withShares(rowForm);
const COSTS: readonly Signal[] = CATALOGUE.filter(
  ({ id }) => id === 'tool_cost' || id === 'tool_definition_cost' || id === 'cost',
);

async function write({ store }: TestStore, events: readonly EventRecord[]): Promise<void> {
  for (let start = 0; start < events.length; start += 1_000)
    await store.write({ events: events.slice(start, start + 1_000), spans: [] });
}

function rowsOf(events: readonly EventRecord[]): number {
  return events.filter((event) => event['event.name'] === 'agent.tool_cost').length;
}

describe('where rows are summed', () => {
  it('there are fewer rows', () => {
    expect(rowsOf(shareForm)).toBeLessThan(rowsOf(rowForm) / 2);
  });

  it.each(COSTS)('$id is the same in windows of whole five minutes, by every dimension', (signal) => {
    for (const [from, to] of [
      [FROM, TO],
      [TO - HOUR_MS, TO],
      [TO - 7 * HOUR_MS - 25 * MINUTE_MS, TO - 35 * MINUTE_MS],
    ] as const)
      for (const by of [[], ...signal.dimensions.filter((one) => one !== 'step').map((one) => [one])]) {
        const request = { from, to, by, timezone: 'UTC' };
        const expected = evaluate(signal, rowForm, request);
        expect(compareResults(signal, expected, evaluate(signal, shareForm, request))).toEqual([]);
      }
  });
});

describe('the store', () => {
  let byRow: TestStore;
  let byShare: TestStore;
  let mixed: TestStore;
  beforeAll(async () => {
    [byRow, byShare, mixed] = [await openTestStore(), await openTestStore(), await openTestStore()];
    // Three stores in one process.
    for (const { store } of [byRow, byShare, mixed])
      await store.exclusively(async (writer) => void (await writer.run("SET memory_limit = '256MB'")));
    await write(byRow, rowForm);
    await write(byShare, shareForm);
    // One process sends the one form, another the other.
    const half = FROM + DAY_MS / 2;
    const isEarly = new Set(
      rowForm.flatMap((event) =>
        event['event.name'] === 'agent.run.started' && event.timestamp < half ? [event['agent.run_id']] : [],
      ),
    );
    await write(mixed, [
      ...rowForm.filter((event) => isEarly.has(event['agent.run_id'])),
      ...shareForm
        .filter((event) => !isEarly.has(event['agent.run_id']))
        .map((event) => ({ ...event, 'service.instance.id': 'other' })),
    ]);
  });
  afterAll(async () => {
    for (const opened of [byRow, byShare, mixed]) await removeTestStore(opened);
  });

  it.each(CATALOGUE.map((signal) => [signal.id, signal] as const))(
    '%s is the same in any window; a cost by every dimension, too',
    async (_, signal) => {
      for (const [from, to] of [
        [FROM, TO],
        [TO - HOUR_MS - 12_345, TO - 54_321],
      ] as const)
        for (const by of COSTS.includes(signal) ? [[], ...signal.dimensions.map((one) => [one])] : [[]]) {
          const request = { from, to, by, timezone: 'UTC', now: TO };
          const expected = await runSignal(byRow.database, signal, request);
          for (const { database } of [byShare, mixed])
            expect(compareResults(signal, expected, await runSignal(database, signal, request))).toEqual([]);
        }
    },
  );

  it('tells the same of each run', async () => {
    const runs = [...new Set(rowForm.map((event) => event['agent.run_id'] ?? ''))].slice(0, 12);
    for (const run of runs) {
      const expected = plain(await readRun(byRow.database, run));
      expect(JSON.stringify(expected)).toContain('cost_first_read_nano_usd');
      expect(plain(await readRun(byShare.database, run))).toEqual(expected);
      expect(plain(await readRunOutline(byShare.database, run))).toEqual(
        plain(await readRunOutline(byRow.database, run)),
      );
    }
  });

  it('compares times and finds unused tools the same', async () => {
    const question = { from: TO - DAY_MS / 2, to: TO, againstFrom: FROM, againstTo: TO - DAY_MS / 2 };
    expect(await readDiagnosis(byShare.database, question)).toEqual(
      await readDiagnosis(byRow.database, question),
    );
    expect(await readToolTax(byShare.database, FROM, TO)).toEqual(
      await readToolTax(byRow.database, FROM, TO),
    );
  });

  it('stores a call that comes twice once, and keeps no list of shares', async () => {
    const count = async (sql: string): Promise<number> =>
      Number((await byShare.database.all(`SELECT count(*) AS n FROM ${sql}`))[0]?.['n']);
    const before = await count('agent_tool_cost');
    await write(byShare, shareForm.slice(0, 500));
    expect(await count('agent_tool_cost')).toBe(before);
    expect(await count('agent_model_call WHERE tallyspan_cost_shares IS NOT NULL')).toBe(0);
    expect(await count('agent_tool_cost WHERE tallyspan_duplicate IS NOT TRUE')).toBe(rowsOf(rowForm));
  });
});

/** Without what tells one event from another. */
function plain(value: unknown): unknown {
  const ids = new Set(['tallyspan.seq', 'tallyspan_seq']);
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => {
      return ids.has(key) ? undefined : one;
    }),
  );
}
