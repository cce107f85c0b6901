// A group of runs to be compared with another: the runs that ended in a time and match a filter.

import { instantSql, textSql } from '../../../signals/sql-text.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';
import { readWideRows, type ColumnsSql } from '../read-columns.ts';
import { endedSql } from '../runs/run-conditions.ts';
import type { RunFilter } from '../runs/run-filter.ts';
import { LATE_MS } from '../runs/read-run.ts';
import { CLOCK_SLACK_MS } from '../runs/run-summary.ts';
import {
  DRAWN_FROM,
  type GroupRun,
  type ScoreOfRun,
  type ScoreStatistic,
  type Statistic,
} from './group-stats.ts';

/** What the runs of a group got under one name. */
export interface GroupScore {
  readonly name: string;
  /** Runs that have it. */
  readonly runs: number;
  /** Runs of which it says good or not. */
  readonly judgedRuns: number;
  readonly statistics: Readonly<Record<ScoreStatistic, number | null>>;
  /** Runs that each statistic is from. */
  readonly known: Readonly<Record<ScoreStatistic, number>>;
}

export interface GroupNumbers {
  readonly runs: number;
  readonly failed: number;
  /** Nano-USD of all of them; null where nothing has a price. */
  readonly costNanoUsd: number | null;
  readonly statistics: Readonly<Record<Statistic, number | null>>;
  /** Runs that each statistic is from. */
  readonly known: Readonly<Record<Statistic, number>>;
  /** Input tokens that were read from the cache, of all input tokens of their calls. */
  readonly cacheHitRatio: number | null;
  /** Calls of each tool, per run; the tools with the most calls first. */
  readonly tools: readonly { readonly tool: string; readonly callsPerRun: number }[];
  /** By name, those of the most runs first. */
  readonly scores: readonly GroupScore[];
}

export interface Group {
  readonly numbers: GroupNumbers;
  /** All of them, or as many as an interval is drawn from, chosen by their ids. */
  readonly drawn: readonly GroupRun[];
}

export const TOTAL_COST = 'agent_cost_nano_usd + coalesce(agent_nested_cost_nano_usd, 0)';
const DRAWN_COLUMNS: ColumnsSql = {
  ...Object.fromEntries(
    [
      'agent_run_id',
      'agent_cost_nano_usd',
      'duration_ms',
      'agent_status',
      'agent_turns',
      'agent_tool_calls',
      'agent_tokens_in',
      'agent_tokens_out',
    ].map((column) => [column, column]),
  ),
  total_cost: `(${TOTAL_COST})::DOUBLE`,
};
const TOOLS_SHOWN = 12;
const SCORES_SHOWN = 20;

/** Scores of runs, one row for each run and name; corrected ones are left out. */
export const RUN_SCORES = `SELECT agent_run_id, gen_ai_evaluation_name AS name, avg(score_millionths) / 1e6 AS value,
    avg(score_passed::INTEGER) AS good
  FROM agent_score WHERE tallyspan_duplicate IS NOT TRUE AND gen_ai_evaluation_name IS NOT NULL AND agent_run_id IN`;

/** Of rows of runs with `value`, `good` and `cost`. */
export const SCORE_NUMBERS = `count(*)::INTEGER AS runs, count(good)::INTEGER AS judged, count(value)::INTEGER AS numbered,
  (count(*) FILTER (good IS NOT NULL AND cost IS NOT NULL))::INTEGER AS judged_priced, avg(value) AS mean,
  avg(good) AS share, (sum(cost) FILTER (good IS NOT NULL))::DOUBLE
    / nullif(sum(good) FILTER (cost IS NOT NULL), 0) AS cost_per_good`;

/** A row of {@link SCORE_NUMBERS}. */
export function scoreOf(row: DatabaseRow): GroupScore {
  return {
    name: String(row['name']),
    runs: Number(row['runs']),
    judgedRuns: Number(row['judged']),
    statistics: {
      score_mean: numberOrNull(row['mean']),
      score_share: numberOrNull(row['share']),
      cost_per_good_run: numberOrNull(row['cost_per_good']),
    },
    known: {
      score_mean: Number(row['numbered']),
      score_share: Number(row['judged']),
      cost_per_good_run: Number(row['judged_priced']),
    },
  };
}

export async function readGroup(database: Queryable, filter: RunFilter): Promise<Group> {
  const where = endedSql(filter);
  const runs = `(SELECT agent_run_id FROM agent_run WHERE ${where})`;
  const [sums, drawn] = await Promise.all([
    database.all(
      `SELECT count(*) AS runs, count(*) FILTER (agent_status = 'ok') AS ok, sum(agent_cost_nano_usd)::DOUBLE AS cost,
         avg(agent_cost_nano_usd) AS cost_mean, quantile_cont(duration_ms, 0.5) AS p50,
         quantile_cont(duration_ms, 0.95) AS p95, avg(agent_turns) AS turns, avg(agent_tool_calls) AS tools,
         avg(agent_tokens_in) AS tokens_in, avg(agent_tokens_out) AS tokens_out,
         count(agent_cost_nano_usd) AS costs, count(duration_ms) AS durations, count(agent_turns) AS with_turns,
         count(agent_tool_calls) AS with_tools, count(agent_tokens_in) AS with_in, count(agent_tokens_out) AS with_out,
         min(epoch_ms(timestamp) - coalesce(duration_ms, 0))::DOUBLE AS first, max(epoch_ms(timestamp))::DOUBLE AS last
       FROM agent_run WHERE ${where}`,
    ),
    readWideRows(
      database,
      DRAWN_COLUMNS,
      `FROM agent_run WHERE ${where} ORDER BY hash(agent_run_id), agent_run_id LIMIT ${DRAWN_FROM}`,
    ),
  ]);
  const row = sums[0] ?? {};
  // What is known of their starts and ends keeps the rest of the store from being read.
  const since = `timestamp >= ${instantSql(Math.floor(numberOrNull(row['first']) ?? 0) - CLOCK_SLACK_MS)}`;
  const within = `${since} AND timestamp <= ${instantSql(Math.ceil(numberOrNull(row['last']) ?? 0) + LATE_MS)}`;
  const drawnIds = textsSql(textSql(JSON.stringify(drawn.map((one) => one['agent_run_id']))));
  const [cache, tools, scores, drawnScores] = await Promise.all([
    database.all(
      `SELECT sum(tokens_cache_read)::DOUBLE AS hits,
         sum(coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write_5m, 0)
           + coalesce(tokens_cache_write_1h, 0))::DOUBLE AS tokens
       FROM agent_model_call WHERE ${within} AND tallyspan_duplicate IS NOT TRUE AND agent_run_id IN ${runs}`,
    ),
    database.all(
      `SELECT gen_ai_tool_name AS tool, count(*)::DOUBLE AS calls FROM agent_tool_call
       WHERE ${within} AND tallyspan_duplicate IS NOT TRUE AND gen_ai_tool_name IS NOT NULL AND agent_run_id IN ${runs}
       GROUP BY 1 ORDER BY calls DESC, 1 LIMIT ${TOOLS_SHOWN}`,
    ),
    // Somebody may judge a run much later.
    database.all(
      `SELECT name, ${SCORE_NUMBERS} FROM (${RUN_SCORES} ${runs} AND ${since} GROUP BY 1, 2)
         JOIN (SELECT agent_run_id, ${TOTAL_COST} AS cost FROM agent_run WHERE ${where}) USING (agent_run_id)
       GROUP BY 1 ORDER BY runs DESC, 1 LIMIT ${SCORES_SHOWN}`,
    ),
    database.all(`${RUN_SCORES} ${drawnIds} AND ${since} GROUP BY 1, 2`),
  ]);
  const scoresOfRun = new Map<string, Map<string, ScoreOfRun>>();
  for (const one of drawnScores) {
    const id = String(one['agent_run_id']);
    const own = scoresOfRun.get(id) ?? new Map<string, ScoreOfRun>();
    scoresOfRun.set(id, own);
    own.set(String(one['name']), { value: numberOrNull(one['value']), good: numberOrNull(one['good']) });
  }
  const number = (name: string): number | null => numberOrNull(row[name]);
  const count = number('runs') ?? 0;
  const ok = number('ok') ?? 0;
  const cost = number('cost');
  const hits = numberOrNull(cache[0]?.['hits']);
  const tokens = numberOrNull(cache[0]?.['tokens']);
  return {
    numbers: {
      runs: count,
      failed: count - ok,
      costNanoUsd: cost,
      statistics: {
        success_rate: count === 0 ? null : ok / count,
        cost_per_run: number('cost_mean'),
        cost_per_success: ok === 0 || cost === null ? null : cost / ok,
        duration_p50: number('p50'),
        duration_p95: number('p95'),
        turns_per_run: number('turns'),
        tool_calls_per_run: number('tools'),
        tokens_in_per_run: number('tokens_in'),
        tokens_out_per_run: number('tokens_out'),
      },
      known: {
        success_rate: count,
        cost_per_run: number('costs') ?? 0,
        cost_per_success: number('costs') ?? 0,
        duration_p50: number('durations') ?? 0,
        duration_p95: number('durations') ?? 0,
        turns_per_run: number('with_turns') ?? 0,
        tool_calls_per_run: number('with_tools') ?? 0,
        tokens_in_per_run: number('with_in') ?? 0,
        tokens_out_per_run: number('with_out') ?? 0,
      },
      cacheHitRatio: hits === null || !tokens ? null : hits / tokens,
      tools: tools.map((one) => ({ tool: String(one['tool']), callsPerRun: Number(one['calls']) / count })),
      scores: scores.map(scoreOf),
    },
    drawn: drawn.map((one) => ({
      costNanoUsd: numberOrNull(one['agent_cost_nano_usd']),
      durationMs: numberOrNull(one['duration_ms']),
      isOk: one['agent_status'] === 'ok',
      turns: numberOrNull(one['agent_turns']),
      toolCalls: numberOrNull(one['agent_tool_calls']),
      tokensIn: numberOrNull(one['agent_tokens_in']),
      tokensOut: numberOrNull(one['agent_tokens_out']),
      totalCostNanoUsd: numberOrNull(one['total_cost']),
      scores: scoresOfRun.get(String(one['agent_run_id'])) ?? new Map<string, ScoreOfRun>(),
    })),
  };
}
