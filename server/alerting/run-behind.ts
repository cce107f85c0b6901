// The run behind a value: the one that a person should open first.

import type { DuckDBValue } from '@duckdb/node-api';
import { formatCost, formatCount, formatDuration, formatListValue } from '../../core/text/format.ts';
import { columnOf, tableOf } from '../../core/columns.ts';
import {
  EVENT_NAMES,
  fieldOfDimension,
  fieldsOf,
  type Dimension,
  type EventName,
} from '../../core/schema.ts';
import type { Interval } from '../../core/time/time.ts';
import type { RunBehind } from '../../alerts/rules/notice.ts';
import type { Rule, RuleWhere } from '../../alerts/rules/rule.ts';
import { numberOrNull, textOrNull } from '../queries/field-values.ts';
import { readListValueOfRuns } from '../queries/list-value.ts';
import type { Queryable, DatabaseRow } from '../store/file/database.ts';

/** Only runs of one group: `{by: 'user', key: 'user-88'}`. */
export interface GroupOf {
  readonly by: Dimension;
  readonly key: string;
}

interface Lookup {
  /** Selects agent_run_id, user_id, amount; the worst first. `{agent.run}` is the condition on rows of that event. */
  readonly sql: string;
  detail(row: DatabaseRow): string;
}

const ENDED = `SELECT agent_run_id, user_id, agent_status, error_type, duration_ms, agent_turns, agent_cost_nano_usd AS cost
  FROM agent_run WHERE {agent.run}`;

const LOOKUPS: Record<Exclude<Rule['runs'], 'none'>, Lookup> = {
  // From the calls, not from the ends: a loop that still runs has no end.
  cost: {
    // Nested runs that have ended count in the run around them as well: that is the one to open.
    sql: `SELECT agent_run_id, any_value(user_id) AS user_id, sum(cost) AS cost, sum(turns) AS agent_turns,
        (SELECT any_value(ended.agent_status) FROM agent_run AS ended
          WHERE ended.agent_run_id = spent.agent_run_id) AS agent_status
      FROM (
        SELECT agent_run_id, user_id, cost_nano_usd AS cost, 1 AS turns
        FROM agent_model_call WHERE tallyspan_duplicate IS NOT TRUE AND {agent.model_call}
        UNION ALL
        SELECT agent_run_id, user_id, agent_nested_cost_nano_usd, agent_nested_turns
        FROM agent_run WHERE agent_nested_runs > 0 AND {agent.run}
      ) AS spent
      GROUP BY agent_run_id ORDER BY cost DESC NULLS LAST, agent_run_id`,
    detail: (row) =>
      `${formatCost(numberOrNull(row['cost']))}, ${formatCount(numberOrNull(row['agent_turns']))} turns (${textOrNull(row['agent_status']) ?? 'still running'})`,
  },
  duration: {
    sql: `${ENDED} ORDER BY duration_ms DESC NULLS LAST, agent_run_id`,
    detail: (row) => formatDuration(numberOrNull(row['duration_ms'])),
  },
  turns: {
    sql: `${ENDED} ORDER BY agent_turns DESC NULLS LAST, agent_run_id`,
    detail: (row) => `${formatCount(numberOrNull(row['agent_turns']))} turns`,
  },
  failed: {
    sql: `${ENDED} AND agent_status <> 'ok' ORDER BY timestamp DESC, agent_run_id`,
    detail: (row) =>
      [textOrNull(row['agent_status']), textOrNull(row['error_type'])].filter(Boolean).join(': '),
  },
  scores: {
    sql: `SELECT agent_run_id, user_id, gen_ai_evaluation_name AS name, score_passed, score_millionths / 1e6 AS value
      FROM agent_score WHERE tallyspan_duplicate IS NOT TRUE AND score_millionths IS NOT NULL AND {agent.score}
      ORDER BY score_millionths, timestamp DESC, agent_run_id`,
    detail: (row) => {
      const value = numberOrNull(row['value']);
      const words =
        row['score_passed'] === true ? 'good' : row['score_passed'] === false ? 'not good' : String(value);
      return `${textOrNull(row['name']) ?? ''}: ${words}`;
    },
  },
  lost: {
    sql: `${ENDED} AND agent_status = 'lost' ORDER BY timestamp DESC, agent_run_id`,
    detail: () => 'lost',
  },
};

/** The run to open first, if there is one in the stretch. */
export async function findRunBehind(
  database: Queryable,
  order: Rule['runs'],
  { from, to }: Interval,
  group: GroupOf | undefined,
  pageUrl: string,
  where: RuleWhere = {},
): Promise<RunBehind | undefined> {
  if (order === 'none') return undefined;
  const lookup = LOOKUPS[order];
  const groups = [
    ...(group === undefined ? [] : [group]),
    ...Object.entries(where).map(([by, key]) => ({ by: by as Dimension, key })),
  ];
  const values: DuckDBValue[] = [];
  const sql = lookup.sql.replaceAll(/\{(agent\.\w+)\}/g, (_, name: string) =>
    conditionOn(name as EventName, { from, to }, groups, values),
  );
  const [row] = await database.all(`${sql} LIMIT 1`, values);
  if (row === undefined) return undefined;
  const runId = String(row['agent_run_id']);
  const cost = numberOrNull(row['cost']);
  const listValue =
    order === 'cost' ? (await readListValueOfRuns(database, [runId], from)).get(runId) : undefined;
  const named = formatListValue(cost, listValue);
  const user = textOrNull(row['user_id']);
  return {
    runId,
    ...(user === null ? {} : { user }),
    detail: `${lookup.detail(row)}${named === undefined ? '' : `, ${named}`}`,
    url: `${pageUrl}/runs/${encodeURIComponent(runId)}`,
  };
}

/** Of rows of this event in the stretch; its values are added in the order of their places. */
function conditionOn(
  name: EventName,
  { from, to }: Interval,
  groups: readonly GroupOf[],
  values: DuckDBValue[],
): string {
  const stretch = `timestamp > make_timestamptz(?::BIGINT * 1000) AND timestamp <= make_timestamptz(?::BIGINT * 1000)`;
  const ends = [Math.floor(from), Math.floor(to)];
  values.push(...ends);
  const own = `agent_run_id IS NOT NULL AND ${stretch}`;
  return [own, ...groups.map((group) => groupCondition(name, stretch, ends, group, values))].join(' AND ');
}

function groupCondition(
  name: EventName,
  stretch: string,
  ends: readonly number[],
  group: GroupOf,
  values: DuckDBValue[],
): string {
  const field = fieldOfDimension(group.by);
  if (fieldsOf(name).includes(field)) {
    values.push(group.key);
    return `${columnOf(field)}::VARCHAR = ?`;
  }
  // The row itself does not say: it is of a run in which something does, such as a call of the tool.
  const bearers = EVENT_NAMES.filter((one) => {
    const fields = fieldsOf(one);
    return fields.includes(field) && fields.includes('agent.run_id');
  });
  const runs = bearers.map((one) => {
    values.push(group.key, ...ends);
    return `SELECT agent_run_id FROM ${tableOf(one)} WHERE ${columnOf(field)}::VARCHAR = ? AND ${stretch}`;
  });
  return runs.length === 0 ? 'false' : `agent_run_id IN (${runs.join(' UNION ALL ')})`;
}
