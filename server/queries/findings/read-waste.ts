// Waste of any number of calls: they are read in slices of time, in order of their start, so that a week of a million
// calls takes the memory of one slice and comes to the same as if all of it were held at once.

import {
  agentOf,
  LOOP_NOTE,
  retryKey,
  WasteSearch,
  type RetriedStep,
} from '../../../core/findings/find-waste.ts';
import { dayBefore } from '../../../core/findings/finding-state.ts';
import { WasteSums, type WasteSum } from '../../../core/findings/waste-sums.ts';
import { columnOf, tableOf } from '../../../core/columns.ts';
import { readCalls } from '../../../core/pricing/call-facts.ts';
import type { EventName, FieldKey } from '../../../core/schema.ts';
import type { ChunkQueryable, DatabaseRow } from '../../store/file/database.ts';
import {
  conditionOf,
  readEvents,
  runSql,
  startSql,
  surveyEvents,
  type EventQuestion,
} from '../read-events.ts';

/** Some 50 MB. */
const CALLS_AT_ONCE = 50_000;

export interface WasteReport {
  readonly sums: readonly WasteSum[];
  /** Days with calls of each agent, counted back from the end. */
  readonly daysOf: ReadonlyMap<string, ReadonlySet<number>>;
}

/** @param callsAtOnce how many calls are held at once, but for those of one minute, which are held together */
export async function readWaste(
  database: ChunkQueryable,
  { from, to }: { readonly from: number; readonly to: number },
  callsAtOnce = CALLS_AT_ONCE,
): Promise<WasteReport> {
  const sums = new WasteSums(to);
  const daysOf = new Map<string, Set<number>>();
  const lastSteps = new Map<string, number>();
  const search = new WasteSearch(
    { loops: await readLoops(database, from, to), retries: await readRetries(database, from, to) },
    (spot) => {
      sums.add(spot);
    },
  );
  const question: EventQuestion = { from, to, names: ['agent.model_call'] };
  const survey = await surveyEvents(database, question);
  for (const starts of await slicesOf(database, question, callsAtOnce)) {
    const events = await readEvents(database, { ...question, starts }, survey);
    for (const call of readCalls(events, lastSteps)) {
      const agent = agentOf(call.event);
      let days = daysOf.get(agent);
      if (days === undefined) daysOf.set(agent, (days = new Set()));
      days.add(dayBefore(call.endMs, to));
      search.see(call);
    }
  }
  return { sums: sums.all, daysOf };
}

/** Stretches of starts that follow each other and hold about as many calls. */
async function slicesOf(
  database: ChunkQueryable,
  question: EventQuestion,
  callsAtOnce: number,
): Promise<{ readonly after: number; readonly upTo: number }[]> {
  const { where, values } = conditionOf(question);
  const minutes = await database.all(
    `SELECT floor(${startSql()} / 60000)::DOUBLE AS minute, count(*)::DOUBLE AS calls
     FROM ${tableOf('agent.model_call')} WHERE ${where} GROUP BY ALL ORDER BY minute`,
    values,
  );
  const slices: { after: number; upTo: number }[] = [];
  let after = -Infinity;
  let held = 0;
  for (const { minute, calls } of minutes as { minute: number; calls: number }[]) {
    const startMs = minute * 60_000;
    if (held > 0 && held + calls > callsAtOnce) {
      slices.push({ after, upTo: startMs - 0.5 });
      [after, held] = [startMs - 0.5, 0];
    }
    held += calls;
  }
  if (held > 0) slices.push({ after, upTo: Infinity });
  return slices;
}

/** When each run was first seen to loop. */
async function readLoops(
  database: ChunkQueryable,
  from: number,
  to: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await readGroups(database, 'agent.note', { from, to }, (run) => ({
    columns: `${run} AS run, min(epoch_ms("timestamp"))::DOUBLE AS at`,
    only: `${column('agent.note.kind')} = '${LOOP_NOTE}'`,
    groups: '1',
  }));
  return new Map(rows.map(({ run, at }) => [String(run), Number(at)]));
}

/** Steps in which a tool was called again. */
async function readRetries(
  database: ChunkQueryable,
  from: number,
  to: number,
): Promise<ReadonlyMap<string, RetriedStep>> {
  const isRetry = `coalesce(${column('tool.retry_attempt')}, 0) > 0`;
  const rows = await readGroups(database, 'agent.tool_call', { from, to }, (run) => ({
    columns: `${run} AS run, ${column('agent.step_number')}::DOUBLE AS step, count(*)::DOUBLE AS tools,
      to_json(list(coalesce(${column('gen_ai.tool.name')}, '')) FILTER (WHERE ${isRetry}))::VARCHAR AS retried`,
    only: `${column('agent.step_number')} IS NOT NULL`,
    groups: `1, 2 HAVING bool_or(${isRetry})`,
  }));
  return new Map(
    rows.map(({ run, step, tools, retried }) => [
      retryKey(String(run), Number(step)),
      { tools: Number(tools), retried: JSON.parse(String(retried)) as string[] },
    ]),
  );
}

interface Grouping {
  readonly columns: string;
  readonly only: string;
  readonly groups: string;
}

async function readGroups(
  database: ChunkQueryable,
  name: EventName,
  { from, to }: { readonly from: number; readonly to: number },
  groupingOf: (run: string) => Grouping,
): Promise<DatabaseRow[]> {
  const question: EventQuestion = { from, to, names: [name] };
  const { standIns } = await surveyEvents(database, question);
  const { columns, only, groups } = groupingOf(runSql(standIns.get(name) ?? []));
  const { where, values } = conditionOf(question);
  return database.all(
    `SELECT ${columns} FROM ${tableOf(name)} WHERE ${where} AND ${only} GROUP BY ${groups}`,
    values,
  );
}

function column(key: FieldKey): string {
  return `"${columnOf(key)}"`;
}
