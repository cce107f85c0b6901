// Cost shares: a call comes with what it paid for each part of its context as a list; it is stored as a row for each, in
// the table of `agent.tool_cost`, and the list is not. The sender sums the same shares for readers that cannot take a
// list apart; here those sums are kept, marked as duplicates, and count nowhere.

import { eachShare } from '../../../core/attribution/cost-shares.ts';
import { emptyToolCost, type ToolCost } from '../../../core/attribution/attribution.ts';
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

/** A field that a row has of its share. */
interface OwnField {
  readonly field: FieldIndex;
  readonly part: keyof ToolCost;
  /** Whether the field has no value where the part is 0. */
  readonly isLeftOutAtZero: boolean;
}

const OWN_FIELDS = findOwnFields();

/** Asks a share whose parts all differ which field has which. */
function findOwnFields(): OwnField[] {
  const nothing = emptyToolCost('', 'counted');
  const parts = Object.keys(nothing) as (keyof ToolCost)[];
  const numbered = Object.fromEntries(parts.map((part, index) => [part, index + 1]));
  const fields = Object.entries(toolCostFields(numbered as unknown as ToolCost)) as [FieldKey, unknown][];
  const ofNothing = toolCostFields(nothing);
  return fields.map(([key, number]) => ({
    field: FIELD_INDEX[key],
    part: parts[(number as number) - 1] as keyof ToolCost,
    isLeftOutAtZero: ofNothing[key] === undefined,
  }));
}

/** Shares of a batch for which memory is kept: those of a request of some hundred calls. */
const SHARES_KEPT = 8192;
const keptCells = new Float64Array(SHARES_KEPT * OWN_FIELDS.length);

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
  readonly list: readonly string[];
}

function takeShares({ batch, rows }: Selection): Shares[] {
  if (batch.column(SHARES) === undefined) return [];
  const found: Shares[] = [];
  for (const row of rows) {
    const cell = batch.number(row, 'tallyspan.cost_shares');
    if (cell === undefined) continue;
    // What has a key may be replaced, and its rows would stay.
    const isFinal = batch.name(row) === 'agent.model_call' && !isKeyed(batch, row);
    if (isFinal) found.push({ row, list: batch.list(cell) });
    batch.replaceCell(row, SHARES, Number.NaN);
  }
  return found;
}

/** The rows of the shares, column by column: there are more of them than of all that came. */
function rowsOf(from: EventBatch, calls: readonly Shares[]): Selection {
  const room = calls.reduce((sum, { list }) => sum + list.length, 0);
  const cells = room <= SHARES_KEPT ? keptCells : new Float64Array(room * OWN_FIELDS.length);
  const counts = readOwnCells(from, calls, cells);
  const count = counts.reduce((sum, ofCall) => sum + ofCall, 0);
  const to = from.borrower(count);
  for (const field of SHARED_FIELDS) {
    const source = from.column(field);
    if (source === undefined) continue;
    const target = to.cellsOf(field);
    let at = 0;
    for (let index = 0; index < calls.length; index++) {
      const cell = source[(calls[index] as Shares).row] as number;
      for (const end = at + (counts[index] as number); at < end; at++) target[at] = cell;
    }
  }
  const stride = cells.length / OWN_FIELDS.length;
  for (let index = 0; index < OWN_FIELDS.length; index++) {
    const { field } = OWN_FIELDS[index] as OwnField;
    to.cellsOf(field).set(cells.subarray(index * stride, index * stride + count));
  }
  to.endRowsOf('agent.tool_cost', count);
  boundBatch(to);
  return { batch: to, rows: Array.from({ length: count }, (_, row) => row) };
}

/**
 * Reads the shares into cells, those of one field after the other. Texts are taken in once: tools and rules come again and
 * again. @returns how many shares each call has
 */
function readOwnCells(batch: EventBatch, calls: readonly Shares[], cells: Float64Array): Uint32Array {
  const counts = new Uint32Array(calls.length);
  const stride = cells.length / OWN_FIELDS.length;
  const texts = new Map<string, number>();
  let at = 0;
  const take = (share: ToolCost): void => {
    for (let index = 0; index < OWN_FIELDS.length; index++) {
      const { part, isLeftOutAtZero } = OWN_FIELDS[index] as OwnField;
      const value = share[part];
      let cell: number | undefined;
      if (typeof value === 'number') cell = value === 0 && isLeftOutAtZero ? Number.NaN : value;
      else {
        cell = texts.get(value);
        if (cell === undefined) texts.set(value, (cell = batch.addText(value)));
      }
      cells[index * stride + at] = cell;
    }
    at++;
  };
  for (let index = 0; index < calls.length; index++) {
    const before = at;
    eachShare((calls[index] as Shares).list, take);
    counts[index] = at - before;
  }
  return counts;
}
