// Usage reports: what model calls took by day, week, month, session or block of five hours.

import { BLOCK_MS, usageByBlock, type UsageBlock } from '../../../core/usage-report/blocks.ts';
import { usageByPeriod, type UsagePeriod } from '../../../core/usage-report/periods.ts';
import {
  groupUsage,
  sumUsage,
  totalTokens,
  type UsageGroup,
  type UsageRow,
  type UsageSums,
} from '../../../core/usage-report/usage-row.ts';
import { usdOf } from '../../../core/money.ts';
import { isCostUnknown } from '../../../core/pricing/unknown-cost.ts';
import { DAY_MS, dayOf, MINUTE_MS } from '../../../core/time/time.ts';
import { IS_ONE_CALL_SQL } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';
import { textOrNull } from '../field-values.ts';
import { listValueSql } from '../list-value.ts';

/** How far back it is looked for a pause between blocks. */
const BLOCK_CHAIN_MS = 31 * DAY_MS;

export type UsageKind = UsagePeriod | 'sessions' | 'blocks';
export const USAGE_KINDS: readonly UsageKind[] = ['daily', 'weekly', 'monthly', 'sessions', 'blocks'];

export interface UsageRequest {
  readonly kind: UsageKind;
  /** Unix milliseconds: (since, until]. */
  readonly since: number;
  readonly until: number;
  readonly project?: string | undefined;
  /** IANA zone of days. */
  readonly timezone: string;
  readonly now: number;
}

/** Sums as they are answered. */
export interface UsageAnswer {
  readonly model_calls: number;
  readonly tokens_input: number;
  readonly tokens_cache_read: number;
  readonly tokens_cache_write: number;
  readonly tokens_output: number;
  readonly tokens_total: number;
  /** Null where no call has a price and some would need one. */
  readonly cost_nano_usd: number | null;
  readonly cost_usd: number | null;
  /** Part of the cost. */
  readonly estimated_nano_usd: number;
  /** Part of the estimate. */
  readonly not_in_transcript_nano_usd: number;
  /** Part of the cost that nobody pays: of sessions of which Claude Code says that they are under a plan. */
  readonly list_value_nano_usd: number;
  readonly unpriced_calls: number;
}

export interface UsageReportRow extends UsageAnswer {
  /** The period, the session, or the begin of the block. */
  readonly name: string | null;
  readonly first_at: string;
  readonly last_at: string;
  readonly project: string | null;
  readonly models: readonly (UsageAnswer & { readonly model: string | null })[];
  readonly ends_at?: string;
  readonly is_active?: boolean;
  readonly tokens_per_minute?: number;
  readonly nano_usd_per_hour?: number;
  readonly projected?: {
    readonly tokens_total: number;
    readonly cost_nano_usd: number;
    readonly cost_usd: number;
    readonly minutes_left: number;
  };
}

export interface UsageReport {
  readonly kind: UsageKind;
  readonly window: { readonly from: string; readonly to: string };
  readonly timezone: string;
  readonly total: UsageAnswer;
  /** In order of time. */
  readonly rows: readonly UsageReportRow[];
}

export async function readUsageReport(database: Queryable, request: UsageRequest): Promise<UsageReport> {
  const { kind, since } = request;
  const from = kind === 'blocks' ? await beginOfBlocks(database, since, request.project) : since;
  const rows = await readUsage(database, { ...request, since: from });
  const answered = reportRows(rows, request);
  // The first block that is shown may have begun before.
  const first = answered[0]?.name;
  const shownFrom =
    kind !== 'blocks' ? Number.NEGATIVE_INFINITY : first ? Date.parse(first) : Number.POSITIVE_INFINITY;
  return {
    kind: request.kind,
    window: { from: iso(request.since), to: iso(request.until) },
    timezone: request.timezone,
    total: answerOf(sumUsage(rows.filter(({ atMs }) => atMs >= shownFrom)).sums),
    rows: answered,
  };
}

function reportRows(
  rows: readonly UsageRow[],
  { kind, timezone, now, since }: UsageRequest,
): UsageReportRow[] {
  if (kind === 'blocks')
    return usageByBlock(rows, now)
      .filter(({ endMs }) => endMs > since)
      .map(blockRow);
  const groups =
    kind === 'sessions' ? groupUsage(rows, ({ session }) => session) : usageByPeriod(rows, kind, timezone);
  const answered = [...groups].map(([name, group]) => reportRow(name, group));
  return kind === 'sessions' ? answered.toSorted((a, b) => (a.last_at < b.last_at ? -1 : 1)) : answered;
}

function blockRow(block: UsageBlock): UsageReportRow {
  const { burn, projection } = block;
  return {
    ...reportRow(iso(block.startMs), block),
    ends_at: iso(block.endMs),
    is_active: block.isActive,
    ...(burn && { tokens_per_minute: burn.tokensPerMinute, nano_usd_per_hour: burn.nanoUsdPerHour }),
    ...(projection && {
      projected: {
        tokens_total: projection.tokens,
        cost_nano_usd: projection.costNanoUsd,
        cost_usd: usdOf(projection.costNanoUsd),
        minutes_left: Math.round(projection.leftMs / MINUTE_MS),
      },
    }),
  };
}

function reportRow(name: string | null, group: UsageGroup): UsageReportRow {
  return {
    name,
    first_at: iso(group.firstMs),
    last_at: iso(group.lastMs),
    project: group.project,
    ...answerOf(group.sums),
    models: group.models.map(({ model, sums }) => ({ model, ...answerOf(sums) })),
  };
}

function answerOf(sums: UsageSums): UsageAnswer {
  const costNanoUsd = isCostUnknown(sums) ? null : sums.costNanoUsd;
  return {
    model_calls: sums.calls,
    tokens_input: sums.tokensInput,
    tokens_cache_read: sums.tokensCacheRead,
    tokens_cache_write: sums.tokensCacheWrite,
    tokens_output: sums.tokensOutput,
    tokens_total: totalTokens(sums),
    cost_nano_usd: costNanoUsd,
    cost_usd: usdOf(costNanoUsd),
    estimated_nano_usd: sums.estimatedNanoUsd,
    not_in_transcript_nano_usd: sums.notInTranscriptNanoUsd,
    list_value_nano_usd: sums.listValueNanoUsd,
    unpriced_calls: sums.unpricedCalls,
  };
}

/** What a status line shows. */
export interface StatusLineNumbers {
  readonly today_nano_usd: number;
  readonly day_ends_at: string;
  /** Whether all of it was used under a plan, so that nobody pays it. */
  readonly is_list_value: boolean;
  /** The block that goes on, where one does. */
  readonly block: {
    readonly ends_at: string;
    readonly cost_nano_usd: number;
    readonly nano_usd_per_hour: number | null;
  } | null;
}

export async function readStatusLineNumbers(
  database: Queryable,
  now: number,
  timezone: string,
): Promise<StatusLineNumbers> {
  const today = dayOf(now, timezone);
  const rows = await readUsage(database, {
    kind: 'blocks',
    since: Math.min(today.from - 1, await beginOfBlocks(database, now)),
    until: now + MINUTE_MS,
    timezone,
    now,
  });
  const active = usageByBlock(rows, now).find(({ isActive }) => isActive);
  const used = sumUsage(rows.filter(({ atMs }) => atMs >= Math.min(today.from, active?.startMs ?? now))).sums;
  return {
    today_nano_usd: sumUsage(rows.filter(({ atMs }) => atMs >= today.from)).sums.costNanoUsd,
    day_ends_at: iso(today.to),
    is_list_value: used.costNanoUsd > 0 && used.listValueNanoUsd === used.costNanoUsd,
    block:
      active === undefined
        ? null
        : {
            ends_at: iso(active.endMs),
            cost_nano_usd: active.sums.costNanoUsd,
            nano_usd_per_hour: active.burn?.nanoUsdPerHour ?? null,
          },
  };
}

/**
 * An instant before `atMs`, and before the first call after a pause that ends every block: where a block begins depends
 * on the one before. After a month without such a pause blocks begin anywhere.
 */
async function beginOfBlocks(database: Queryable, atMs: number, project?: string): Promise<number> {
  const [row] = await database.all(
    `SELECT max(slice) AS slice FROM (
       SELECT slice, lag(slice) OVER (ORDER BY slice) AS before FROM (
         SELECT DISTINCT epoch_ms(timestamp) // ${MINUTE_MS} AS slice FROM agent_model_call
         WHERE timestamp > make_timestamptz($from::BIGINT * 1000) AND timestamp <= make_timestamptz($at::BIGINT * 1000)
           AND tallyspan_duplicate IS NOT TRUE AND ($project::VARCHAR IS NULL OR agent_project = $project)
       )
     ) WHERE before IS NULL OR slice - before >= ${BLOCK_MS / MINUTE_MS}`,
    {
      from: BigInt(Math.round(atMs - BLOCK_CHAIN_MS)),
      at: BigInt(Math.round(atMs)),
      project: project ?? null,
    },
  );
  const slice = row?.['slice'] ?? undefined;
  return slice === undefined ? atMs : Number(slice) * MINUTE_MS - 1;
}

/** Zones differ by quarters of an hour at least; blocks are told by the minute. */
const SLICE_MS: Readonly<Record<UsageKind, number>> = {
  daily: 15 * MINUTE_MS,
  weekly: 15 * MINUTE_MS,
  monthly: 15 * MINUTE_MS,
  sessions: MINUTE_MS,
  blocks: MINUTE_MS,
};

/** Rows of the model calls that count. What Claude Code counted beyond its transcript is money and tokens, and no call. */
async function readUsage(database: Queryable, request: UsageRequest): Promise<UsageRow[]> {
  const session = request.kind === 'sessions' ? 'gen_ai_conversation_id' : 'NULL';
  const found = await database.all(
    `SELECT epoch_ms(timestamp) // $slice AS slice, ${session} AS session, agent_project AS project,
       gen_ai_response_model AS model, epoch_ms(min(timestamp)) AS first, epoch_ms(max(timestamp)) AS last,
       count(*) FILTER (${IS_ONE_CALL_SQL}) AS calls,
       sum(tokens_input) AS input, sum(tokens_cache_read) AS cache_read,
       sum(coalesce(tokens_cache_write_5m, 0) + coalesce(tokens_cache_write_1h, 0)) AS cache_write,
       sum(tokens_output) AS output, sum(cost_nano_usd) AS cost,
       sum(cost_nano_usd) FILTER (tallyspan_cost_status = 'estimated') AS estimated,
       sum(cost_nano_usd) FILTER (tallyspan_source = 'remainder') AS remainder,
       sum(cost_nano_usd) FILTER (${listValueSql(database)}) AS list_value,
       count(*) FILTER (tallyspan_cost_status = 'unpriced') AS unpriced
     FROM agent_model_call
     WHERE timestamp > make_timestamptz($since::BIGINT * 1000) AND timestamp <= make_timestamptz($until::BIGINT * 1000)
       AND tallyspan_duplicate IS NOT TRUE AND ($project::VARCHAR IS NULL OR agent_project = $project)
     GROUP BY ALL ORDER BY slice`,
    {
      slice: BigInt(SLICE_MS[request.kind]),
      since: BigInt(Math.round(request.since)),
      until: BigInt(Math.round(request.until)),
      project: request.project ?? null,
    },
  );
  return found.map((row) => ({
    atMs: Number(row['slice']) * SLICE_MS[request.kind],
    firstMs: Number(row['first']),
    lastMs: Number(row['last']),
    session: textOrNull(row['session']),
    project: textOrNull(row['project']),
    model: textOrNull(row['model']),
    sums: {
      calls: Number(row['calls']),
      tokensInput: Number(row['input'] ?? 0),
      tokensCacheRead: Number(row['cache_read'] ?? 0),
      tokensCacheWrite: Number(row['cache_write'] ?? 0),
      tokensOutput: Number(row['output'] ?? 0),
      costNanoUsd: Number(row['cost'] ?? 0),
      estimatedNanoUsd: Number(row['estimated'] ?? 0),
      notInTranscriptNanoUsd: Number(row['remainder'] ?? 0),
      listValueNanoUsd: Number(row['list_value'] ?? 0),
      unpricedCalls: Number(row['unpriced']),
    },
  }));
}

function iso(atMs: number): string {
  return new Date(Number.isFinite(atMs) ? atMs : 0).toISOString();
}
