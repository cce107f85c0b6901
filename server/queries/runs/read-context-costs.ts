// Context costs: what calls paid for keeping each tool's calls and results, and each part of the prompt, in their context.

import type { DatabaseRow, Queryable } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';

/** What calls paid for one owner: a tool, or a part of the prompt. */
export interface ContextCost {
  readonly owner: string;
  readonly costNanoUsd: number;
  readonly firstReadNanoUsd: number;
  readonly writeNanoUsd: number;
  readonly readNanoUsd: number;
  readonly carryNanoUsd: number;
  /** Paid for what the model wrote, and for web searches. */
  readonly outputNanoUsd: number;
  /** Most of it in one call. */
  readonly tokens: number;
  /** Model calls with it in their context; 0 where only the sum of a run is known. */
  readonly calls: number;
}

const PARTS = {
  firstReadNanoUsd: 'sum(cost_first_read_nano_usd)',
  writeNanoUsd: 'sum(cost_cache_write_nano_usd)',
  readNanoUsd: 'sum(cost_cache_read_nano_usd)',
  carryNanoUsd: 'sum(cost_carry_nano_usd)',
  outputNanoUsd: 'sum(coalesce(cost_output_nano_usd, 0) + coalesce(cost_web_search_nano_usd, 0))',
  tokens: 'max(tokens)',
  calls: "count(*) FILTER (tallyspan_source IS DISTINCT FROM 'transcript')",
} as const;

function numberOf(row: DatabaseRow, name: string): number {
  return numberOrNull(row[name]) ?? 0;
}

/** The most expensive first. `where` is SQL over the columns of the rows. */
export async function readContextCosts(database: Queryable, where: string): Promise<ContextCost[]> {
  const parts = Object.entries(PARTS).map(([name, sql]) => `${sql}::DOUBLE AS "${name}"`);
  const rows = await database.all(
    `SELECT coalesce(gen_ai_tool_name, '') AS owner, sum(cost_nano_usd)::DOUBLE AS cost, ${parts.join(', ')}
     FROM agent_tool_cost WHERE ${where} AND tallyspan_duplicate IS NOT TRUE
     GROUP BY 1 ORDER BY cost DESC NULLS LAST, owner`,
  );
  return rows.map((row) => ({
    owner: String(row['owner']),
    costNanoUsd: numberOf(row, 'cost'),
    firstReadNanoUsd: numberOf(row, 'firstReadNanoUsd'),
    writeNanoUsd: numberOf(row, 'writeNanoUsd'),
    readNanoUsd: numberOf(row, 'readNanoUsd'),
    carryNanoUsd: numberOf(row, 'carryNanoUsd'),
    outputNanoUsd: numberOf(row, 'outputNanoUsd'),
    tokens: numberOf(row, 'tokens'),
    calls: numberOf(row, 'calls'),
  }));
}
