// Spend, split one way. Every number is a signal of the catalogue; a row puts several side by side.

import { usdOf } from '../../../core/money.ts';
import type { Dimension } from '../../../core/schema.ts';
import { localTimeAt } from '../../../core/time/time.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { listChoices } from '../../../signals/choice.ts';
import { groupName } from '../../../signals/result.ts';
import { SignalError, type SignalRequest } from '../../../signals/signal.ts';
import type { Where } from '../read-events.ts';
import type { Queryable } from '../../store/file/database.ts';
import { readToolTax, type ToolTax } from '../diagnosis/read-unused-tools.ts';
import {
  listValuePart,
  readListValue,
  readListValueBy,
  readListValueByDay,
  type ListValuePart,
} from '../list-value.ts';
import { readGroups, readNumber, readSeries } from './signal-numbers.ts';

export type CostBy = 'day' | Exclude<Dimension, 'service' | 'error' | 'status' | 'step'>;

export const COST_WAYS: readonly CostBy[] = [
  'day',
  'model',
  'user',
  'tool',
  'task',
  'agent',
  'project',
  'source',
  'session',
];

export interface CostRequest {
  readonly by: CostBy;
  /** Unix milliseconds; the window is (since, until]. */
  readonly since: number;
  readonly until?: number | undefined;
  /** IANA zone of calendar days. */
  readonly timezone: string;
  /** Only what has these values. */
  readonly where?: Where | undefined;
}

/** One row; of its cost the part that nobody pays. Measures that the split does not have are absent; null is no data. */
export interface CostRow extends ListValuePart {
  /** Name of the group; null where the events carry none. A day is YYYY-MM-DD. */
  readonly name: string | null;
  readonly cost_nano_usd: number | null;
  readonly cost_usd: number | null;
  /** Of the total; null without a total. */
  readonly share: number | null;
  /** Model calls, or tool calls when split by tool. */
  readonly calls: number | null;
  readonly runs?: number | null;
  readonly cost_per_call_nano_usd?: number | null;
  readonly result_size_p50?: number | null;
  readonly failure_rate?: number | null;
  readonly retry_rate?: number | null;
}

export interface CostReport {
  readonly by: CostBy;
  readonly window: { readonly from: string; readonly to: string };
  readonly timezone: string;
  readonly total: { readonly cost_nano_usd: number | null; readonly cost_usd: number | null } & ListValuePart;
  /** What `recost` added to or took from the calls of the window; the total is without it. Absent without adjustments. */
  readonly adjustments?: { readonly cost_nano_usd: number; readonly cost_usd: number };
  /** Most expensive first; days in order. */
  readonly rows: readonly CostRow[];
  /** Split by tool: what the definitions of tools cost, and which of them were never used. */
  readonly tool_tax?: ToolTax;
}

/** @throws SignalError on a way of splitting that there is not */
export async function readCost(database: Queryable, request: CostRequest): Promise<CostReport> {
  if (!COST_WAYS.includes(request.by))
    throw new SignalError(`cost is split by ${COST_WAYS.join(', ')}, not by ${request.by}`);
  const window: SignalRequest = {
    from: request.since,
    to: request.until ?? Date.now(),
    timezone: request.timezone,
    where: Object.fromEntries(
      listChoices(request.where).map(({ dimension, any, none }) => [dimension, { any, none }]),
    ),
  };
  const total = await readNumber(database, 'cost', window);
  const [adjustment, listValue] = await Promise.all([
    readNumber(database, 'cost_adjustment', window),
    readListValue(database, window),
  ]);
  const rows =
    request.by === 'day'
      ? await rowsByDay(database, window, total)
      : request.by === 'tool'
        ? await rowsByTool(database, window, total)
        : await rowsByDimension(database, window, request.by, total);
  return {
    by: request.by,
    window: { from: new Date(window.from).toISOString(), to: new Date(window.to).toISOString() },
    timezone: window.timezone,
    total: { cost_nano_usd: total, cost_usd: usdOf(total), ...listValuePart(listValue) },
    ...(adjustment === null
      ? {}
      : { adjustments: { cost_nano_usd: adjustment, cost_usd: usdOf(adjustment) } }),
    rows,
    ...(request.by === 'tool' ? { tool_tax: await readToolTax(database, window.from, window.to) } : {}),
  };
}

async function rowsByDay(
  database: Queryable,
  window: SignalRequest,
  total: number | null,
): Promise<CostRow[]> {
  const request = { ...window, step: 'day' } as const;
  const dayName = (atMs: number): string => dateText(atMs, window.timezone);
  const [cost, calls, runs, listValues] = await Promise.all([
    readSeries(database, 'cost', request),
    readSeries(database, 'model_calls', request),
    hasDimensions('run_count', request) ? readSeries(database, 'run_count', request) : undefined,
    readListValueByDay(database, window, dayName),
  ]);
  return cost.map((point, index) => ({
    name: dayName(point.start),
    ...moneyOf(point.value, total),
    ...listValuePart(listValues.get(dayName(point.start))),
    calls: calls[index]?.value ?? null,
    ...(runs === undefined ? {} : { runs: runs[index]?.value ?? null }),
  }));
}

/** Whether a measure beside the cost knows what is asked: of a model, say, or a reporter no run is. */
function hasDimensions(id: string, { by, where = {} }: SignalRequest): boolean {
  const { dimensions } = signalOf(id);
  const asked = [by ?? [], Object.keys(where) as Dimension[]].flat();
  return asked.every((dimension) => dimensions.includes(dimension));
}

/** Local date of an instant as YYYY-MM-DD. */
export function dateText(atMs: number, timezone: string): string {
  return localTimeAt(atMs, timezone).slice(0, 10);
}

async function rowsByDimension(
  database: Queryable,
  window: SignalRequest,
  by: Exclude<CostBy, 'day' | 'tool'>,
  total: number | null,
): Promise<CostRow[]> {
  const request = { ...window, by };
  const [cost, calls, runs, listValues] = await Promise.all([
    readGroups(database, 'cost', request),
    readGroups(database, 'model_calls', request),
    hasDimensions('run_count', request) ? readGroups(database, 'run_count', request) : undefined,
    readListValueBy(database, [by], window),
  ]);
  return namesOf(cost, calls).map((name) => ({
    name,
    ...moneyOf(cost.get(name) ?? null, total),
    ...listValuePart(listValues.get(groupName({ [by]: name }))),
    calls: calls.get(name) ?? 0,
    ...(runs === undefined ? {} : { runs: runs.get(name) ?? 0 }),
  }));
}

async function rowsByTool(
  database: Queryable,
  window: SignalRequest,
  total: number | null,
): Promise<CostRow[]> {
  const request = { ...window, by: 'tool' } as const;
  const beside = (id: string): Promise<Map<string | null, number>> =>
    hasDimensions(id, request) ? readGroups(database, id, request) : Promise.resolve(new Map());
  const [cost, calls, sizes, failures, retries] = await Promise.all([
    readGroups(database, 'tool_cost', request),
    beside('tool_calls'),
    beside('tool_result_size_p50'),
    beside('tool_failure_rate'),
    beside('tool_retry_rate'),
  ]);
  return namesOf(cost, calls).map((name) => {
    const costNanoUsd = cost.get(name) ?? null;
    const count = calls.get(name) ?? null;
    return {
      name,
      ...moneyOf(costNanoUsd, total),
      calls: count,
      cost_per_call_nano_usd:
        costNanoUsd === null || count === null || count === 0 ? null : Math.round(costNanoUsd / count),
      result_size_p50: sizes.get(name) ?? null,
      failure_rate: failures.get(name) ?? null,
      retry_rate: retries.get(name) ?? null,
    };
  });
}

/** Groups with a cost, most expensive first, then those with calls only. */
function namesOf(
  cost: ReadonlyMap<string | null, number>,
  calls: ReadonlyMap<string | null, number>,
): (string | null)[] {
  return [...new Set([...cost.keys(), ...calls.keys()])];
}

function moneyOf(
  costNanoUsd: number | null,
  total: number | null,
): Pick<CostRow, 'cost_nano_usd' | 'cost_usd' | 'share'> {
  return {
    cost_nano_usd: costNanoUsd,
    cost_usd: usdOf(costNanoUsd),
    share: costNanoUsd === null || total === null || total === 0 ? null : costNanoUsd / total,
  };
}
