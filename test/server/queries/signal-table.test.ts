// Several signals in one statement give what each gives alone, and only the rows that are asked for.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { readGroups, readNumber, readNumbers } from '../../../server/queries/signals/signal-numbers.ts';
import { readSignalTable } from '../../../server/queries/signals/signal-table.ts';
import { readTrends } from '../../../server/queries/signals/read-trends.ts';
import type { Database } from '../../../server/store/file/database.ts';
import { sampleRun } from '../web/sample-run.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const WINDOW = { from: NOW - DAY_MS, to: NOW, now: NOW, timezone: 'UTC' };
const BEFORE = { ...WINDOW, from: NOW - 2 * DAY_MS, to: NOW - DAY_MS };
const SIGNALS = [
  'cost',
  'run_count',
  'run_success_rate',
  'run_latency_p95',
  'cache_hit_ratio',
  'tool_retry_rate',
  'api_error_rate',
  'cost_per_successful_run',
] as const;
const COLUMNS = SIGNALS.map((signal) => ({ signal, request: WINDOW }));

let dataDir: string;
let database: Database;

function runOf(user: string | undefined, mark: string, endMs: number): EventRecord[] {
  return sampleRun({ mark, endMs }).map((event) => ({
    ...event,
    'user.id': user,
    'service.instance.id': mark,
  }));
}

/** Runs of users of whom the later ones have more, one without a user, and one of the day before. */
function corpus(): EventRecord[] {
  return [
    ...runOf('ada', '1', NOW - 1000),
    ...runOf('bob', '2', NOW - 2000),
    ...runOf('bob', '3', NOW - 3000),
    ...['4', '5', '6'].flatMap((mark) => runOf('cy', mark, NOW - 4000)),
    ...runOf(undefined, '7', NOW - 5000),
    ...runOf('old', '8', NOW - DAY_MS - 1000),
    // Who has begun a run and paid nothing.
    ...runOf('dan', '9', NOW - 1000).slice(0, 1),
  ];
}

beforeAll(async () => {
  const opened = await openTestStore();
  ({ dataDir, database } = opened);
  await opened.store.write({ events: corpus(), spans: [] });
});

afterAll(() => removeTestStore({ dataDir, database }));

describe('a table of signals', () => {
  it('has in each cell what the signal says of the group alone', async () => {
    const { rows, groups } = await readSignalTable(database, 'user', COLUMNS, { limit: 100 });
    expect(rows.map(({ name }) => name)).toEqual(['cy', 'bob', 'ada', null, 'dan']);
    expect(groups).toBe(5);
    for (const [index, id] of SIGNALS.entries()) {
      const alone = await readGroups(database, id, { ...WINDOW, by: 'user' });
      expect([id, rows.map(({ values }) => values[index])]).toEqual([
        id,
        rows.map(({ name }) => alone.get(name) ?? null),
      ]);
    }
  });

  it('gives some rows only, and counts the groups all the same', async () => {
    const whole = await readSignalTable(database, 'user', COLUMNS, { limit: 100 });
    for (const offset of [0, 2, 4]) {
      const part = await readSignalTable(database, 'user', COLUMNS, { limit: 2, offset });
      expect(part).toEqual({ ...whole, rows: whole.rows.slice(offset, offset + 2) });
    }
  });

  it('counts the names that are groups of their own kind', async () => {
    const part = await readSignalTable(database, 'user', COLUMNS, { limit: 2, uncounted: ['bob', 'nobody'] });
    expect(part).toMatchObject({ groups: 5, counted: 4 });
  });

  it('has no row for a group that only an extra column has', async () => {
    const extra = { signal: 'cost', request: BEFORE, isExtra: true };
    const { rows } = await readSignalTable(database, 'user', [...COLUMNS, extra], { limit: 100 });
    expect(rows.map(({ name }) => name)).not.toContain('old');
    const { rows: asColumn } = await readSignalTable(
      database,
      'user',
      [...COLUMNS, { ...extra, isExtra: false }],
      { limit: 100 },
    );
    expect(asColumn.map(({ name }) => name)).toContain('old');
  });
});

it('numbers that are read together are those that are read alone', async () => {
  const together = await readNumbers(database, SIGNALS, WINDOW);
  for (const id of SIGNALS) expect([id, together[id]]).toEqual([id, await readNumber(database, id, WINDOW)]);
});

it('trends of some groups are theirs among those of all', async () => {
  const request = { ...WINDOW, by: 'user', step: 'hour' } as const;
  const all = await readTrends(database, 'cost', { ...request, groups: 'all' });
  const some = await readTrends(database, 'cost', { ...request, groups: ['bob', null] });
  expect(new Set(some.keys())).toEqual(new Set(['bob', null]));
  for (const [name, points] of some) expect(points).toEqual(all.get(name));
});
