// Tools that are paid for and never used: defined in the requests of a time, and not called once in it.
// What they cost is their share, by estimated tokens, of what the tool definitions of the calls cost.

import { usdOf } from '../../../core/money.ts';
import type { Queryable } from '../../store/file/database.ts';

export interface UnusedTool {
  readonly tool: string;
  /** Estimated size of its definition. */
  readonly tokens: number;
  /** Runs that defined it. */
  readonly runs: number;
  /** Estimated. */
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
}

export interface ToolTax {
  /** What all tool definitions cost in the time; estimated. */
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
  /** Most expensive first. */
  readonly unused: readonly UnusedTool[];
}

/** (from, to], Unix milliseconds. */
export async function readToolTax(database: Queryable, from: number, to: number): Promise<ToolTax> {
  const within =
    'timestamp > make_timestamptz($from::BIGINT * 1000) AND timestamp <= make_timestamptz($to::BIGINT * 1000)';
  const rows = await database.all(
    `WITH runs AS (
       SELECT agent_run_id AS run, agent_turns AS turns, unnest(agent_tool_definitions) AS definition
       FROM agent_run WHERE agent_tool_definitions IS NOT NULL AND ${within}
     ), tools AS (
       SELECT run, turns, regexp_replace(definition, '=[0-9]+$', '') AS tool,
              TRY_CAST(regexp_extract(definition, '=([0-9]+)$', 1) AS BIGINT) AS tokens
       FROM runs
     ), tax AS (
       SELECT agent_run_id AS run, sum(cost_nano_usd)::DOUBLE AS cost
       FROM agent_tool_cost WHERE gen_ai_tool_name = '(tools)' AND tallyspan_duplicate IS NOT TRUE AND ${within}
       GROUP BY 1
     ), sizes AS (
       SELECT run, sum(tokens) AS tokens FROM tools GROUP BY 1
     ), called AS (
       SELECT DISTINCT gen_ai_tool_name AS tool FROM agent_tool_call WHERE ${within}
     )
     SELECT tools.tool AS tool, max(tools.tokens)::BIGINT AS tokens, count(DISTINCT tools.run)::BIGINT AS runs,
            sum(coalesce(tax.cost, 0) * tools.tokens / nullif(sizes.tokens, 0))::DOUBLE AS cost
     FROM tools JOIN sizes USING (run) LEFT JOIN tax USING (run)
     WHERE tools.tool NOT IN (SELECT tool FROM called WHERE tool IS NOT NULL)
     GROUP BY 1 ORDER BY cost DESC NULLS LAST, tool`,
    { from, to },
  );
  const [total] = await database.all(
    `SELECT sum(cost_nano_usd)::BIGINT AS cost FROM agent_tool_cost
     WHERE gen_ai_tool_name = '(tools)' AND tallyspan_duplicate IS NOT TRUE AND ${within}`,
    { from, to },
  );
  const cost = Number(total?.['cost'] ?? 0);
  return {
    cost_nano_usd: cost,
    cost_usd: usdOf(cost),
    unused: rows.map((row) => {
      const share = Math.round(Number(row['cost'] ?? 0));
      return {
        tool: String(row['tool']),
        tokens: row['tokens'] ?? 0,
        runs: Number(row['runs']),
        cost_nano_usd: share,
        cost_usd: usdOf(share),
      };
    }),
  };
}
