// Names that hold what somebody typed: users, agents, sessions, tools, models and the like, and classes of errors, each with
// how many runs or calls have it.

import { compareText } from '../../../core/text/text-order.ts';
import { columnOf } from '../../../core/columns.ts';
import { fieldOfDimension, type Dimension } from '../../../core/schema.ts';
import { isPseudoTool } from '../../../core/attribution/owner-names.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { textSql } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';

export type NameKind =
  'session' | 'user' | 'agent' | 'version' | 'task' | 'project' | 'tool' | 'model' | 'error';

export interface FoundName {
  readonly kind: NameKind;
  readonly name: string;
  readonly count: number;
  /** What is counted. */
  readonly of: 'run' | 'call' | 'error';
}

const FOUND_PER_KIND = 8;
const RUN_KINDS = ['user', 'agent', 'version', 'session', 'task', 'project'] as const;
const RUN_FIELDS = RUN_KINDS.map((kind) => fieldOfDimension(kind));
const STARTS = eventsSql(['agent.run_id', ...RUN_FIELDS], ['agent.run.started', 'agent.run']);
const ERRORS = eventsSql(['error.type'], ['agent.run', 'agent.model_call', 'agent.tool_call']);

/** Names without regard to case: those that are it, then those that begin with it, then the others; the frequent first. */
export async function findNames(
  database: Queryable,
  text: string,
  perKind = FOUND_PER_KIND,
): Promise<readonly FoundName[]> {
  const wanted = text.toLowerCase();
  if (wanted === '') return [];
  const [runs, ...others] = await Promise.all([
    findOfRuns(database, wanted, perKind),
    // Of these there are few: the same statement for every text, so that its answer is kept.
    countAll(database, 'tool', 'agent_tool_call'),
    countAll(database, 'model', 'agent_model_call'),
    countAll(database, 'error', ERRORS),
  ]);
  const held = others
    .flat()
    .filter(
      ({ kind, name }) => name.toLowerCase().includes(wanted) && !(kind === 'tool' && isPseudoTool(name)),
    );
  const rank = ({ name }: FoundName): number => {
    const lower = name.toLowerCase();
    return lower === wanted ? 0 : lower.startsWith(wanted) ? 1 : 2;
  };
  const shown = new Map<NameKind, number>();
  return [...runs, ...held]
    .toSorted((a, b) => rank(a) - rank(b) || b.count - a.count || compareText(a.name, b.name))
    .filter(({ kind }) => {
      const before = shown.get(kind) ?? 0;
      shown.set(kind, before + 1);
      return before < perKind;
    });
}

async function findOfRuns(
  database: Queryable,
  wanted: string,
  perKind: number,
): Promise<readonly FoundName[]> {
  const statements = RUN_KINDS.map((kind) => {
    const column = columnOf(fieldOfDimension(kind));
    const lower = `lower(${column})`;
    return `(SELECT '${kind}' AS kind, ${column} AS name, count(DISTINCT agent_run_id)::INTEGER AS runs
      FROM ${STARTS} WHERE contains(${lower}, ${textSql(wanted)}) GROUP BY ${column}
      ORDER BY ${lower} <> ${textSql(wanted)}, NOT starts_with(${lower}, ${textSql(wanted)}), runs DESC, name
      LIMIT ${perKind})`;
  });
  const rows = await database.all(statements.join('\nUNION ALL '));
  return rows.map((row) => ({
    kind: row['kind'] as NameKind,
    name: String(row['name']),
    count: Number(row['runs']),
    of: 'run',
  }));
}

const CALLS_LIMIT = 2000;

async function countAll(
  database: Queryable,
  kind: Extract<Dimension, 'tool' | 'model' | 'error'>,
  from: string,
): Promise<readonly FoundName[]> {
  const column = columnOf(fieldOfDimension(kind));
  const rows = await database.all(
    `SELECT ${column} AS name, count(*)::INTEGER AS n FROM ${from} WHERE ${column} IS NOT NULL
     GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${CALLS_LIMIT}`,
  );
  return rows.map((row) => ({
    kind,
    name: String(row['name']),
    count: Number(row['n']),
    of: kind === 'error' ? 'error' : 'call',
  }));
}
