// Cost shares: a call comes with what it paid for each part of its context as a list; it is stored as a row for each, in
// the table of `agent.tool_cost`, and the list is not. The sender sums the same shares for readers that cannot take a
// list apart; here those sums are kept, marked as duplicates, and count nowhere.

import { decodeShares } from '../../../core/attribution/cost-shares.ts';
import type { ToolCost } from '../../../core/attribution/attribution.ts';
import { toolCostFields } from '../../../core/pricing/cost-fields.ts';
import { COMMON_FIELDS, EVENTS, FIELDS, type FieldKey } from '../../../core/schema.ts';
import { boundBatch } from '../columns/bounds.ts';
import type { Selection } from '../columns/event-appender.ts';
import { EventBatch, FIELD_INDEX } from '../columns/event-batch.ts';
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
const SHARED_FIELDS: readonly FieldKey[] = [
  ...COMMON_FIELDS.filter((key) => !OF_THE_CALL.has(key)),
  'gen_ai.response.model',
  'agent.step_number',
];

const OWN_FIELDS = EVENTS['agent.tool_cost'].fields.map((key) => [FIELD_INDEX[key], key] as const);

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

function rowsOf(from: EventBatch, calls: readonly Shares[]): Selection {
  const count = calls.reduce((sum, { shares }) => sum + shares.length, 0);
  const to = new EventBatch(new Uint8Array(0), count);
  const fields = SHARED_FIELDS.filter((key) => from.column(FIELD_INDEX[key]) !== undefined);
  // Records of one sender share texts.
  const texts = new Map<number, number>();
  const cellOf = (row: number, key: FieldKey): number | undefined => {
    const cell = from.number(row, key);
    if (cell === undefined || FIELDS[key].type !== 'string') return cell;
    let copied = texts.get(cell);
    if (copied === undefined) texts.set(cell, (copied = to.addText(from.text(row, key) ?? '')));
    return copied;
  };
  // Tools and rules come again and again.
  const names = new Map<string, number>();
  const nameCell = (name: string): number => {
    let cell = names.get(name);
    if (cell === undefined) names.set(name, (cell = to.addText(name)));
    return cell;
  };
  for (const { row, shares } of calls) {
    const cells = fields.flatMap((key) => {
      const cell = cellOf(row, key);
      return cell === undefined ? [] : [[FIELD_INDEX[key], cell] as const];
    });
    for (const share of shares) {
      for (const [field, cell] of cells) to.setCell(field, cell);
      to.setName('agent.tool_cost');
      const own = toolCostFields(share);
      for (const [field, key] of OWN_FIELDS) {
        const value = own[key];
        if (typeof value === 'number') to.setCell(field, value);
        else if (typeof value === 'string') to.setCell(field, nameCell(value));
      }
      to.endRow();
    }
  }
  boundBatch(to);
  return { batch: to, rows: Array.from({ length: to.rows }, (_, row) => row) };
}
