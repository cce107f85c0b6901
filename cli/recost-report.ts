// A recost report: what the present prices say of the recorded model calls, by model, and the adjustments
// that would make the difference good. Adjustments of earlier times count as recorded, so that a second
// recost finds nothing.

import { createHash } from 'node:crypto';
import { PRICE_TABLE_VERSION } from '../core/pricing/cost.ts';
import type { EventRecord } from '../core/event.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';
import { recostCall, type RecostSkip } from '../core/pricing/recost.ts';

/** Calls of one model. Money is nano-USD; `recorded` includes earlier adjustments. */
export interface RecostRow {
  readonly model: string;
  /** Calls that have a price now. */
  calls: number;
  /** Those of them whose cost differs. */
  changed: number;
  recordedNanoUsd: number;
  nowNanoUsd: number;
}

/**
 * Why a call is left out: as {@link RecostSkip}, or it is a duplicate, or it has no span id to be named by, or it
 * was priced with a price file and none is given now.
 */
export type LeftOut =
  | Exclude<RecostSkip, 'same_cost' | 'not_a_model_call'>
  | 'duplicate'
  | 'span_id_missing'
  | 'price_file_missing';

export interface RecostReport {
  /** Price table in force, with the version of the price file behind it. */
  readonly table: string;
  /** Greatest difference first. */
  readonly rows: readonly RecostRow[];
  readonly leftOut: ReadonlyMap<LeftOut, number>;
  /** Calls whose cost differs. */
  readonly changed: number;
  /** Events that make the recorded cost the present one, one for each such call; none where they are not wanted. */
  readonly adjustments: readonly EventRecord[];
}

interface Earlier {
  nanoUsd: number;
  count: number;
  /** Whether one of them was made with a price file. */
  isByFile: boolean;
}

/** Behind it stands the version of a price file. */
const FILE_MARK = '+';
const SPAN_ID_LENGTH = 16;

/**
 * Prices each recorded call again.
 * @param earlier every `agent.cost_adjustment` of the calls
 * @param calls the `agent.model_call` events
 * @param isForApplying whether the adjustments are wanted, which may be as many as there are calls
 */
export async function makeRecostReport(
  earlier: AsyncIterable<EventRecord>,
  calls: AsyncIterable<EventRecord>,
  overrides: PriceOverrides | undefined,
  isForApplying: boolean,
): Promise<RecostReport> {
  const earlierByCall = await sumEarlier(earlier);
  const rows = new Map<string, RecostRow>();
  const leftOut = new Map<LeftOut, number>();
  const adjustments: EventRecord[] = [];
  for await (const call of calls) {
    const before = earlierByCall.get(keyOf(call, call.span_id));
    const result = recost(call, before, overrides);
    if (typeof result === 'string') {
      leftOut.set(result, (leftOut.get(result) ?? 0) + 1);
      continue;
    }
    const recordedNanoUsd = (call.cost_nano_usd ?? 0) + (before?.nanoUsd ?? 0);
    const deltaNanoUsd = result.nowNanoUsd - recordedNanoUsd;
    const row = rowOf(rows, call);
    row.calls++;
    row.recordedNanoUsd += recordedNanoUsd;
    row.nowNanoUsd += result.nowNanoUsd;
    if (deltaNanoUsd === 0) continue;
    row.changed++;
    if (isForApplying) adjustments.push(adjustmentOf(call, deltaNanoUsd, result, before?.count ?? 0));
  }
  return {
    table: overrides ? `${PRICE_TABLE_VERSION}${FILE_MARK}${overrides.version}` : PRICE_TABLE_VERSION,
    rows: [...rows.values()].sort((a, b) => Math.abs(differenceOf(b)) - Math.abs(differenceOf(a))),
    leftOut,
    changed: [...rows.values()].reduce((sum, { changed }) => sum + changed, 0),
    adjustments,
  };
}

/** What a row adds to the recorded cost, nano-USD; negative when it was too expensive. */
export function differenceOf(row: Pick<RecostRow, 'nowNanoUsd' | 'recordedNanoUsd'>): number {
  return row.nowNanoUsd - row.recordedNanoUsd;
}

interface Repriced {
  readonly nowNanoUsd: number;
  readonly table: string | undefined;
  readonly row: string | undefined;
}

function recost(
  call: EventRecord,
  before: Earlier | undefined,
  overrides: PriceOverrides | undefined,
): Repriced | LeftOut {
  if (call['tallyspan.duplicate'] === true) return 'duplicate';
  if (call.span_id === undefined) return 'span_id_missing';
  // Without the file, list prices would take back what the contract says.
  const isByFile = call['tallyspan.price.table']?.includes(FILE_MARK) === true || before?.isByFile === true;
  if (isByFile && overrides === undefined) return 'price_file_missing';
  const result = recostCall(call, overrides);
  if (!('skipped' in result))
    return {
      nowNanoUsd: result.afterNanoUsd,
      table: result.cost.table,
      row: result.cost.status === 'unpriced' ? undefined : result.cost.row,
    };
  // The table agrees with the record; what was adjusted since may not.
  if (result.skipped === 'same_cost')
    return {
      nowNanoUsd: call.cost_nano_usd ?? 0,
      table: call['tallyspan.price.table'],
      row: call['tallyspan.price.row'],
    };
  return result.skipped === 'not_a_model_call' ? 'usage_missing' : result.skipped;
}

async function sumEarlier(earlier: AsyncIterable<EventRecord>): Promise<Map<string, Earlier>> {
  const byCall = new Map<string, Earlier>();
  for await (const event of earlier) {
    const key = keyOf(event, event['tallyspan.adjusts_span_id']);
    const sum = byCall.get(key) ?? { nanoUsd: 0, count: 0, isByFile: false };
    sum.nanoUsd += event.cost_adjustment_nano_usd ?? 0;
    sum.count++;
    sum.isByFile ||= event['tallyspan.price.table']?.includes(FILE_MARK) === true;
    byCall.set(key, sum);
  }
  return byCall;
}

function keyOf(event: EventRecord, spanId: string | undefined): string {
  return `${event.trace_id ?? ''}/${spanId ?? ''}`;
}

function rowOf(rows: Map<string, RecostRow>, call: EventRecord): RecostRow {
  const model = call['gen_ai.response.model'] ?? call['gen_ai.request.model'] ?? '';
  const row = rows.get(model) ?? { model, calls: 0, changed: 0, recordedNanoUsd: 0, nowNanoUsd: 0 };
  rows.set(model, row);
  return row;
}

function adjustmentOf(
  call: EventRecord,
  deltaNanoUsd: number,
  { table, row }: Repriced,
  earlierCount: number,
): EventRecord {
  return {
    timestamp: call.timestamp,
    'event.name': 'agent.cost_adjustment',
    trace_id: call.trace_id,
    // The nth adjustment of a call has one id: two recosts at the same time store it once.
    span_id: createHash('sha256')
      .update(`${keyOf(call, call.span_id)}/${String(earlierCount)}`)
      .digest('hex')
      .slice(0, SPAN_ID_LENGTH),
    parent_span_id: call.parent_span_id,
    'service.name': call['service.name'],
    'service.version': call['service.version'],
    'agent.run_id': call['agent.run_id'],
    'agent.parent_run_id': call['agent.parent_run_id'],
    'gen_ai.conversation.id': call['gen_ai.conversation.id'],
    'user.id': call['user.id'],
    'agent.task_type': call['agent.task_type'],
    'gen_ai.agent.name': call['gen_ai.agent.name'],
    'agent.version': call['agent.version'],
    'agent.project': call['agent.project'],
    cost_adjustment_nano_usd: deltaNanoUsd,
    'tallyspan.adjusts_span_id': call.span_id,
    'gen_ai.response.id': call['gen_ai.response.id'],
    'gen_ai.response.model': call['gen_ai.response.model'],
    'tallyspan.price.table': table,
    'tallyspan.price.row': row,
  };
}
