// What Claude Code was used for: its skills, the MCP servers that it called, and its sums.

import { IS_ONE_CALL_SQL } from '../../../signals/sql-text.ts';
import { numberOrNull, textOrNull } from '../field-values.ts';
import { listValueSql } from '../list-value.ts';
import type { DatabaseRow, Queryable } from '../../store/file/database.ts';

/** Unix milliseconds: (from, to]. */
export interface UseWindow {
  readonly from: number;
  readonly to: number;
}

export interface ClaudeCodeSums {
  readonly sessions: number;
  readonly modelCalls: number;
  readonly costNanoUsd: number;
  /** Part of the cost: what Claude Code counted beyond the calls that are known one by one. */
  readonly remainderNanoUsd: number;
  /** Part of the cost: of sessions that are used under a plan, which pays no single call. */
  readonly listValueNanoUsd: number;
}

export interface SkillUse {
  readonly skill: string;
  readonly sessions: number;
  readonly modelCalls: number;
  readonly tokensInput: number;
  readonly tokensOutput: number;
  /** Null where no call has a price. */
  readonly costNanoUsd: number | null;
}

export interface ServerUse {
  readonly server: string;
  /** Tools of it that were called. */
  readonly tools: number;
  readonly calls: number;
  readonly failed: number;
  readonly durationP95Ms: number | null;
  /** What keeping its calls and results in the context cost; null where nobody says. */
  readonly contextNanoUsd: number | null;
}

const WITHIN =
  'timestamp > make_timestamptz($from::BIGINT * 1000) AND timestamp <= make_timestamptz($to::BIGINT * 1000) AND tallyspan_duplicate IS NOT TRUE';
const MOST_ROWS = 100;
/** Claude Code names the tools of a server so. */
const SERVER = `regexp_extract(gen_ai_tool_name, '^mcp__(.+?)__', 1)`;

export async function readClaudeCodeSums(database: Queryable, window: UseWindow): Promise<ClaudeCodeSums> {
  const [row] = await database.all(
    `SELECT count(DISTINCT gen_ai_conversation_id) AS sessions,
       count(*) FILTER (${IS_ONE_CALL_SQL}) AS calls,
       sum(cost_nano_usd) AS cost,
       sum(cost_nano_usd) FILTER (tallyspan_source = 'remainder') AS remainder,
       sum(cost_nano_usd) FILTER (${listValueSql(database)}) AS list_value
     FROM agent_model_call
     WHERE ${WITHIN} AND (service_name = 'claude-code' OR tallyspan_source IN ('log', 'transcript', 'remainder'))`,
    parametersOf(window),
  );
  return {
    sessions: countIn(row, 'sessions'),
    modelCalls: countIn(row, 'calls'),
    costNanoUsd: countIn(row, 'cost'),
    remainderNanoUsd: countIn(row, 'remainder'),
    listValueNanoUsd: countIn(row, 'list_value'),
  };
}

/** The most expensive first. */
export async function readSkills(database: Queryable, window: UseWindow): Promise<readonly SkillUse[]> {
  const rows = await database.all(
    `SELECT agent_skill AS skill, count(DISTINCT gen_ai_conversation_id) AS sessions, count(*) AS calls,
       sum(coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write_5m, 0)
         + coalesce(tokens_cache_write_1h, 0)) AS input,
       sum(tokens_output) AS output, sum(cost_nano_usd) AS cost
     FROM agent_model_call WHERE ${WITHIN} AND agent_skill IS NOT NULL
     GROUP BY ALL ORDER BY cost DESC NULLS LAST, skill LIMIT ${MOST_ROWS}`,
    parametersOf(window),
  );
  return rows.map((row) => ({
    skill: String(row['skill']),
    sessions: countIn(row, 'sessions'),
    modelCalls: countIn(row, 'calls'),
    tokensInput: countIn(row, 'input'),
    tokensOutput: countIn(row, 'output'),
    costNanoUsd: numberOrNull(row['cost']),
  }));
}

/** Servers whose tools were called, the one that costs most in the context first. */
export async function readMcpServers(database: Queryable, window: UseWindow): Promise<readonly ServerUse[]> {
  const rows = await database.all(
    `WITH called AS (
       SELECT ${SERVER} AS server, count(DISTINCT gen_ai_tool_name) AS tools, count(*) AS calls,
         count(*) FILTER (tool_ok IS FALSE) AS failed, quantile_cont(duration_ms, 0.95) AS p95
       FROM agent_tool_call WHERE ${WITHIN} AND starts_with(gen_ai_tool_name, 'mcp__') GROUP BY ALL
     ), paid AS (
       SELECT ${SERVER} AS server, sum(cost_nano_usd) AS cost
       FROM agent_tool_cost WHERE ${WITHIN} AND starts_with(gen_ai_tool_name, 'mcp__') GROUP BY ALL
     )
     SELECT server, tools, calls, failed, p95, cost FROM called FULL JOIN paid USING (server)
     WHERE server <> '' ORDER BY cost DESC NULLS LAST, calls DESC, server LIMIT ${MOST_ROWS}`,
    parametersOf(window),
  );
  return rows.map((row) => ({
    server: textOrNull(row['server']) ?? '',
    tools: countIn(row, 'tools'),
    calls: countIn(row, 'calls'),
    failed: countIn(row, 'failed'),
    durationP95Ms: numberOrNull(row['p95']),
    contextNanoUsd: numberOrNull(row['cost']),
  }));
}

function parametersOf({ from, to }: UseWindow): Record<string, bigint> {
  return { from: BigInt(Math.floor(from)), to: BigInt(Math.ceil(to)) };
}

function countIn(row: DatabaseRow | undefined, column: string): number {
  return numberOrNull(row?.[column]) ?? 0;
}
