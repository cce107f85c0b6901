// The agreement test is worth something: with a compiler that is broken on purpose it goes red.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dimension } from '../../core/schema.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { runSignal } from '../../server/queries/signals/signals.ts';
import { openDatabase, type Database, type Queryable } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import { compareResults } from '../../signals/compare.ts';
import { evaluate } from '../../signals/evaluate.ts';
import type { Signal, SignalRequest } from '../../signals/signal.ts';
import { FIXED_TO, fixedCorpus } from './corpora.ts';

// Many evaluations; a busy machine may take its time.
jest.setTimeout(120_000);

interface Fault {
  readonly fault: string;
  /** A signal that must show it. */
  readonly shownBy: string;
  /** How the text of every statement is changed. */
  readonly change?: (sql: string) => string;
  /** What is asked of both, beyond the usual. */
  readonly asked?: Partial<SignalRequest>;
  /** What only the broken one takes to be asked. */
  readonly mistaken?: Partial<SignalRequest>;
}

const FAULTS: readonly Fault[] = [
  {
    fault: 'the instant at the start of a window belongs to it',
    shownBy: 'cost_pace',
    change: (sql) => sql.replaceAll('"timestamp" >', '"timestamp" >='),
  },
  {
    fault: 'the instant at the end of a window does not belong to it',
    shownBy: 'run_count',
    change: (sql) => sql.replaceAll('"timestamp" <=', '"timestamp" <'),
  },
  {
    fault: 'duplicates count',
    shownBy: 'model_calls',
    change: (sql) => sql.replaceAll('"tallyspan_duplicate" IS NOT TRUE', 'true'),
  },
  {
    fault: 'another status than ok is no failure',
    shownBy: 'run_failures',
    change: (sql) => sql.replaceAll('IS DISTINCT FROM', '='),
  },
  {
    fault: 'quantiles are not interpolated',
    shownBy: 'model_latency_p95',
    change: (sql) => sql.replaceAll('quantile_cont', 'quantile_disc'),
  },
  {
    fault: 'no data is 0',
    shownBy: 'cost',
    asked: { where: { service: 'a service without events' } },
    change: (sql) => sql.replace(/^SELECT CAST\((.*) AS DOUBLE\)/s, 'SELECT CAST(coalesce($1, 0) AS DOUBLE)'),
  },
  { fault: 'a day is a day of UTC', shownBy: 'cost_today', mistaken: { timezone: 'UTC' } },
  {
    fault: 'a lost run counts as ended by itself',
    shownBy: 'run_loss_rate',
    change: (sql) => sql.replaceAll(`'lost'`, `'gone'`),
  },
];

describe('a compiler that is broken on purpose', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tallyspan-broken-'));
  const events = fixedCorpus();
  let database: Database;

  beforeAll(async () => {
    database = await openDatabase(dir);
    await (await EventStore.open(database)).write({ events, spans: [] });
  });
  afterAll(async () => {
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function signalsThatDiffer({ change, asked, mistaken }: Partial<Fault>): Promise<string[]> {
    const broken: Queryable = { all: (sql, values) => database.all(change?.(sql) ?? sql, values) };
    const request = {
      from: FIXED_TO - 14 * DAY_MS,
      to: FIXED_TO,
      timezone: 'America/New_York',
      ...asked,
    };
    const ids: string[] = [];
    // Not every signal has the dimension that is asked for.
    for (const signal of CATALOGUE.filter((one) => canAnswer(one, request))) {
      const actual = await runSignal(broken, signal, { ...request, ...mistaken });
      if (compareResults(signal, evaluate(signal, events, request), actual).length > 0) ids.push(signal.id);
    }
    return ids;
  }

  it('shows no difference when it is whole', async () => {
    expect(await signalsThatDiffer({})).toEqual([]);
  });

  it.each(FAULTS)('differs when $fault', async (fault) => {
    expect(await signalsThatDiffer(fault)).toContain(fault.shownBy);
  });
});

/** Whether the signal has the dimensions of the request. */
function canAnswer(signal: Signal, { by, where }: Partial<SignalRequest>): boolean {
  const asked = [...[by ?? []].flat(), ...Object.keys(where ?? {})] as Dimension[];
  return asked.every((dimension) => signal.dimensions.includes(dimension));
}
