// What is known of limits: the shared ones as they stand, with where they lead by the end of the day, and what limits
// did lately, by their events.

import type { SharedLimit } from '../../core/limits/leases.ts';
import { limitDayEndMs } from '../../core/limits/limit.ts';
import { usdOf } from '../../core/money.ts';
import { columnOf } from '../../core/columns.ts';
import type { FieldKey } from '../../core/schema.ts';
import type { Queryable } from '../store/file/database.ts';
import type { LimitKeeper } from './limit-keeper.ts';

const DAY_MS = 86_400_000;
/** Earlier in the day a forecast says nothing. */
const LEAST_ELAPSED_MS = 600_000;
/** The most actions that are listed. */
export const ACTIONS_SHOWN = 200;
/** The most limits that people are shown, those that are used most. */
export const LIMITS_SHOWN = 200;

export interface LimitState {
  readonly scope: string;
  readonly key: string;
  readonly rule: string;
  readonly day: string;
  readonly limit_nano_usd: number;
  readonly limit_usd: number;
  readonly spent_nano_usd: number;
  readonly spent_usd: number;
  /** Held by processes for requests under way and the next ones. */
  readonly reserved_nano_usd: number;
  readonly reserved_usd: number;
  readonly left_nano_usd: number;
  readonly left_usd: number;
  /** Spent by the end of the day at the pace so far; null in its first minutes. */
  readonly forecast_nano_usd: number | null;
  readonly forecast_usd: number | null;
  readonly processes: number;
}

/** One thing that a limit did. */
export interface LimitActionRow {
  readonly at: string;
  readonly action: string;
  readonly scope: string;
  readonly rule: string;
  readonly key: string;
  readonly run_id: string | null;
  readonly agent: string | null;
  readonly user: string | null;
  readonly session: string | null;
  readonly model: string | null;
  readonly tool: string | null;
  readonly limit_nano_usd: number | null;
  readonly spent_nano_usd: number | null;
  readonly reserved_nano_usd: number | null;
  readonly needed_nano_usd: number | null;
  readonly limit_count: number | null;
  readonly spent_count: number | null;
}

export interface LimitsOverview {
  /** Limits of the day (UTC) that processes share through this server, the most used first. */
  readonly limits: readonly LimitState[];
  /** The newest first. */
  readonly actions: readonly LimitActionRow[];
}

export async function readLimits(
  database: Queryable,
  keeper: LimitKeeper,
  range: { readonly from: number; readonly to?: number; readonly now: number },
): Promise<LimitsOverview> {
  const limits = keeper.today(range.now).map((limit) => stateOf(limit, range.now));
  return {
    limits: limits.toSorted((a, b) => usedRatioOf(b) - usedRatioOf(a)),
    actions: await readActions(database, range.from, range.to),
  };
}

/** Spent, as a share of the limit; of a limit of nothing all is used. */
export function usedRatioOf({ spent_nano_usd: spent, limit_nano_usd: limit }: LimitState): number {
  return limit > 0 ? spent / limit : 1;
}

function stateOf(limit: SharedLimit, nowMs: number): LimitState {
  const { scope, key, rule, day, limitNanoUsd, spentNanoUsd, heldNanoUsd, processes } = limit;
  const left = Math.max(0, limitNanoUsd - spentNanoUsd - heldNanoUsd);
  const elapsedMs = nowMs - (limitDayEndMs(day) - DAY_MS);
  const forecast =
    elapsedMs < LEAST_ELAPSED_MS ? null : Math.round((spentNanoUsd * DAY_MS) / Math.min(elapsedMs, DAY_MS));
  return {
    scope,
    key,
    rule,
    day,
    limit_nano_usd: limitNanoUsd,
    limit_usd: usdOf(limitNanoUsd),
    spent_nano_usd: spentNanoUsd,
    spent_usd: usdOf(spentNanoUsd),
    reserved_nano_usd: heldNanoUsd,
    reserved_usd: usdOf(heldNanoUsd),
    left_nano_usd: left,
    left_usd: usdOf(left),
    forecast_nano_usd: forecast,
    forecast_usd: forecast === null ? null : usdOf(forecast),
    processes,
  };
}

const COLUMNS: Readonly<Record<Exclude<keyof LimitActionRow, 'at'>, FieldKey>> = {
  action: 'limit.action',
  scope: 'limit.scope',
  rule: 'limit.rule',
  key: 'limit.key',
  run_id: 'agent.run_id',
  agent: 'gen_ai.agent.name',
  user: 'user.id',
  session: 'gen_ai.conversation.id',
  model: 'gen_ai.request.model',
  tool: 'gen_ai.tool.name',
  limit_nano_usd: 'limit_nano_usd',
  spent_nano_usd: 'limit_spent_nano_usd',
  reserved_nano_usd: 'limit_reserved_nano_usd',
  needed_nano_usd: 'limit_needed_nano_usd',
  limit_count: 'limit_count',
  spent_count: 'limit_spent_count',
};

async function readActions(
  database: Queryable,
  fromMs: number,
  toMs: number | undefined,
): Promise<LimitActionRow[]> {
  const end = toMs === undefined ? '' : `AND "timestamp" <= make_timestamptz(${Math.floor(toMs)} * 1000)`;
  const columns = Object.entries(COLUMNS).map(([name, key]) => `"${columnOf(key)}" AS "${name}"`);
  const rows = await database.all(
    `SELECT "timestamp" AS at, ${columns.join(', ')} FROM agent_limit
     WHERE "timestamp" > make_timestamptz(${Math.floor(fromMs)} * 1000) ${end} AND "tallyspan_duplicate" IS NOT TRUE
     ORDER BY "timestamp" DESC, "tallyspan_seq" DESC LIMIT ${ACTIONS_SHOWN}`,
  );
  return rows.map((row) => {
    const action: Record<string, unknown> = { at: (row['at'] as Date).toISOString() };
    for (const name of Object.keys(COLUMNS)) {
      const value = row[name];
      action[name] = typeof value === 'bigint' ? Number(value) : (value ?? null);
    }
    return action as unknown as LimitActionRow;
  });
}
