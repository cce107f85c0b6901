// Cost shares: a call comes with what it paid for each part of its context as a list; it is stored as a row for each, in
// the table of `agent.tool_cost`, and the list is not. The sender sums the same shares for readers that cannot take a
// list apart; here those sums are kept, marked as duplicates, and count nowhere.

import { decodeShares } from '../../../core/attribution/cost-shares.ts';
import { emptyToolCost, type ToolCost } from '../../../core/attribution/attribution.ts';
import type { EventRecord } from '../../../core/event.ts';
import { toolCostFields } from '../../../core/pricing/cost-fields.ts';
import { COMMON_FIELDS, FIELDS, type FieldKey } from '../../../core/schema.ts';
import { boundBatch } from '../columns/bounds.ts';
import type { Selection } from '../columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch, type FieldIndex } from '../columns/event-batch.ts';
import { isKeyed } from './keyed-events.ts';

const SHARES = FIELD_INDEX['tallyspan.cost_shares'];
const CALLS = FIELD_INDEX['tallyspan.calls'];
/** They name one event, or what numbered it. */
const OF_THE_CALL: ReadonlySet<FieldKey> = new Set<FieldKey>([
  'event.name',
  'parent_span_id',
  'tallyspan.process_id',
  'tallyspan.seq',
  'tallyspan.key',
  'tallyspan.revision',
  'tallyspan.cut_fields',
]);
/** What a row has of its call. */
const SHARED_FIELDS: readonly FieldIndex[] = [
  ...COMMON_FIELDS.filter((key) => !OF_THE_CALL.has(key)),
  'gen_ai.response.model' as const,
  'agent.step_number' as const,
]
  // The lists of a batch are its own.
  .filter((key) => FIELDS[key].type !== 'strings')
  .map((key) => FIELD_INDEX[key]);

const OWN_FIELDS = (Object.keys(toolCostFields(emptyToolCost('', 'counted'))) as FieldKey[]).map(
  (key) => [FIELD_INDEX[key], key] as const,
);

/**
 * Takes the lists out of the calls; the rows that they are stored as. Rows that sum up shares are marked. The batches
 * that are given back are the caller's to release.
 */
export function expandShares(selections: readonly Selection[]): Selection[] {
  return selections.flatMap((selection) => {
    markSums(selection);
    const calls = takeShares(selection);
    return calls.length === 0 ? [] : [rowsOf(selection.batch, calls)];
  });
}

function markSums({ batch, rows }: Selection): void {
  if (batch.column(CALLS) === undefined) return;
  for (const row of rows)
    if (batch.number(row, 'tallyspan.calls') !== undefined && batch.name(row) === 'agent.tool_cost')
      batch.markDuplicate(row);
}

interface Shares {
  readonly row: number;
  readonly shares: readonly ToolCost[];
}

function takeShares({ batch, rows }: Selection): Shares[] {
  if (batch.column(SHARES) === undefined) return [];
  const found: Shares[] = [];
  for (const row of rows) {
    const cell = batch.number(row, 'tallyspan.cost_shares');
    if (cell === undefined) continue;
    // What has a key may be replaced, and its rows would stay.
    const isFinal = batch.name(row) === 'agent.model_call' && !isKeyed(batch, row);
    const shares = isFinal ? decodeShares(batch.list(cell)) : [];
    batch.replaceCell(row, SHARES, Number.NaN);
    if (shares.length > 0) found.push({ row, shares });
  }
  return found;
}

/** The rows of the shares, column by column: there are more of them than of all that came. */
function rowsOf(from: EventBatch, calls: readonly Shares[]): Selection {
  const own = calls.flatMap(({ shares }) => shares.map((share) => toolCostFields(share)));
  const texts = textCells(from, own);
  const to = from.borrower(own.length);
  for (const field of SHARED_FIELDS) {
    const source = from.column(field);
    if (source === undefined) continue;
    const target = to.cellsOf(field);
    let at = 0;
    for (const { row, shares } of calls) {
      const cell = source[row] as number;
      for (const end = at + shares.length; at < end; at++) target[at] = cell;
    }
  }
  for (const [field, key] of OWN_FIELDS) {
    const target = to.cellsOf(field);
    for (let at = 0; at < own.length; at++) {
      const value = own[at]?.[key];
      if (typeof value === 'number') target[at] = value;
      else if (typeof value === 'string') target[at] = texts.get(value) as number;
    }
  }
  to.endRowsOf('agent.tool_cost', own.length);
  boundBatch(to);
  return { batch: to, rows: Array.from({ length: to.rows }, (_, row) => row) };
}

/** Takes the texts of the shares in, each once: tools and rules come again and again. */
function textCells(batch: EventBatch, shares: readonly Partial<EventRecord>[]): Map<string, number> {
  const cells = new Map<string, number>();
  for (const share of shares)
    for (const [, key] of OWN_FIELDS) {
      const value = share[key];
      if (typeof value === 'string' && !cells.has(value)) cells.set(value, batch.addText(value));
    }
  return cells;
}
