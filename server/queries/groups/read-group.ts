// A group of runs to be compared with another: the runs that ended in a time and match a filter.

import type { Queryable } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';
import { endedSql, type RunFilter } from '../runs/run-filter.ts';
import { DRAWN_FROM, type GroupRun, type Statistic } from './group-stats.ts';

export interface GroupNumbers {
  readonly runs: number;
  readonly failed: number;
  /** Nano-USD of all of them; null where nothing has a price. */
  readonly costNanoUsd: number | null;
  readonly statistics: Readonly<Record<Statistic, number | null>>;
  /** Input tokens that were read from the cache, of all input tokens of their calls. */
  readonly cacheHitRatio: number | null;
  /** Calls of each tool, per run; the tools with the most calls first. */
  readonly tools: readonly { readonly tool: string; readonly callsPerRun: number }[];
}

export interface Group {
  readonly numbers: GroupNumbers;
  /** All of them, or as many as an interval is drawn from, chosen by their ids. */
  readonly drawn: readonly GroupRun[];
}

const TOOLS_SHOWN = 12;

export async function readGroup(database: Queryable, filter: RunFilter): Promise<Group> {
  const where = endedSql(filter);
  const runs = `(SELECT agent_run_id FROM agent_run WHERE ${where})`;
  const [sums, drawn, cache, tools] = await Promise.all([
    database.all(
      `SELECT count(*) AS runs, count(*) FILTER (agent_status = 'ok') AS ok, sum(agent_cost_nano_usd)::DOUBLE AS cost,
         avg(agent_cost_nano_usd) AS cost_mean, quantile_cont(duration_ms, 0.5) AS p50,
         quantile_cont(duration_ms, 0.95) AS p95, avg(agent_turns) AS turns, avg(agent_tool_calls) AS tools,
         avg(agent_tokens_in) AS tokens_in, avg(agent_tokens_out) AS tokens_out
       FROM agent_run WHERE ${where}`,
    ),
    database.all(
      `SELECT agent_cost_nano_usd, duration_ms, agent_status, agent_turns, agent_tool_calls, agent_tokens_in,
         agent_tokens_out
       FROM agent_run WHERE ${where} ORDER BY hash(agent_run_id), agent_run_id LIMIT ${DRAWN_FROM}`,
    ),
    database.all(
      `SELECT sum(tokens_cache_read)::DOUBLE AS hits,
         sum(coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write_5m, 0)
           + coalesce(tokens_cache_write_1h, 0))::DOUBLE AS tokens
       FROM agent_model_call WHERE tallyspan_duplicate IS NOT TRUE AND agent_run_id IN ${runs}`,
    ),
    database.all(
      `SELECT gen_ai_tool_name AS tool, count(*)::DOUBLE AS calls FROM agent_tool_call
       WHERE tallyspan_duplicate IS NOT TRUE AND gen_ai_tool_name IS NOT NULL AND agent_run_id IN ${runs}
       GROUP BY 1 ORDER BY calls DESC, 1 LIMIT ${TOOLS_SHOWN}`,
    ),
  ]);
  const row = sums[0] ?? {};
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
        cost_per_success: ok === 0 ? null : (cost ?? 0) / ok,
        duration_p50: number('p50'),
        duration_p95: number('p95'),
        turns_per_run: number('turns'),
        tool_calls_per_run: number('tools'),
        tokens_in_per_run: number('tokens_in'),
        tokens_out_per_run: number('tokens_out'),
      },
      cacheHitRatio: hits === null || !tokens ? null : hits / tokens,
      tools: tools.map((one) => ({ tool: String(one['tool']), callsPerRun: Number(one['calls']) / count })),
    },
    drawn: drawn.map((one) => ({
      costNanoUsd: numberOrNull(one['agent_cost_nano_usd']),
      durationMs: numberOrNull(one['duration_ms']),
      isOk: one['agent_status'] === 'ok',
      turns: numberOrNull(one['agent_turns']),
      toolCalls: numberOrNull(one['agent_tool_calls']),
      tokensIn: numberOrNull(one['agent_tokens_in']),
      tokensOut: numberOrNull(one['agent_tokens_out']),
    })),
  };
}
