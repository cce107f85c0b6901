// Cost rows: sums of the shares of calls, one row for each tool of a run, model and identity within five minutes of the
// clock. They leave when those minutes are over, when the run ends, and when the process does. Until they are safe, the
// journal knows what they sum up of calls that are: the next process of the service writes the rows of one that was killed.

import type { SpanContext } from '@opentelemetry/api';
import type { ToolCost } from '../../../core/attribution/attribution.ts';
import {
  decodeShares,
  encodeShares,
  endOfStretch,
  ShareSums,
} from '../../../core/attribution/cost-shares.ts';
import { addToGroup } from '../../../core/group-by.ts';
import { toolCostFields } from '../../../core/pricing/cost-fields.ts';
import { youngFunction } from '../../process/young-function.ts';
import type { OnFate } from '../../deliver/delivery.ts';
import type { EventLog, Fields } from '../event-log.ts';

/** Rows whose calls have been delivered and that are not delivered themselves, as the journal has them. */
export interface OpenRows {
  readonly id: number;
  readonly traceId: string;
  readonly spanId: string;
  /** When the last of the calls ended. */
  readonly atMs: number;
  /** Of the run, and the model. */
  readonly fields: Fields;
  /** One list as in a call, for each number of calls that a row may sum up. */
  readonly rows: RowsByCalls;
  /** Of a thread: the same where calls and rows count of which there is a copy. */
  readonly copied?: RowsByCalls;
}

type RowsByCalls = readonly (readonly [calls: number, shares: readonly string[]])[];

/** Where open rows are kept beyond the process. */
export interface OpenRowsKeeper {
  /** The rows are read when they are written: of many changes the last counts. */
  keepRows(id: number, read: () => OpenRows): void;
  forgetRows(id: number): void;
}

/** Calls whose shares are summed. */
export interface SharedCall {
  readonly atMs: number;
  readonly span: SpanContext;
  readonly runId: string;
  /** Identity of the run and the model, as the rows have them. */
  readonly fields: Fields;
  readonly shares: readonly ToolCost[];
}

/** Beyond so many sums all are written: each holds memory. */
const MAX_GROUPS = 4_096;

interface Group {
  readonly id: number;
  readonly span: SpanContext;
  readonly endMs: number;
  readonly fields: Fields;
  lastMs: number;
  readonly sums: ShareSums;
  /** Of the calls that are safe, and when the last of them ended. */
  readonly safe: ShareSums;
  safeMs: number;
  isSafe: boolean;
  /** Of a thread: of the calls that are copied. */
  copied?: ShareSums;
  areRowsCopied: boolean;
  readonly read: () => OpenRows;
}

export class CostRows {
  readonly #events: EventLog;
  readonly #keeper: OpenRowsKeeper;
  readonly #groups = new Map<string, Group[]>();
  #count = 0;
  #lastId = 0;

  constructor(events: EventLog, keeper: OpenRowsKeeper) {
    this.#events = events;
    this.#keeper = keeper;
  }

  /** Adds the shares of a call; gives what is to be told what becomes of the event of the call. */
  add(call: SharedCall): OnFate {
    const group = this.#groupOf(call);
    group.lastMs = Math.max(group.lastMs, call.atMs);
    group.sums.add(call.shares);
    return (fate) => {
      if (group.isSafe || fate === 'dropped') return;
      if (fate === 'copied') (group.copied ??= new ShareSums()).add(call.shares);
      else group.safe.add(call.shares);
      group.safeMs = Math.max(group.safeMs, call.atMs);
      this.#keeper.keepRows(group.id, group.read);
    };
  }

  /** Writes the rows of a run, which ends. */
  writeRun(runId: string): void {
    const groups = this.#groups.get(runId);
    if (groups === undefined) return;
    this.#groups.delete(runId);
    for (const group of groups) this.#write(group);
  }

  /** Writes the rows whose minutes are over. */
  writeDue(nowMs: number): void {
    for (const [runId, groups] of this.#groups) {
      if (groups.every(({ endMs }) => endMs >= nowMs)) continue;
      for (const group of groups) if (group.endMs < nowMs) this.#write(group);
      const left = groups.filter(({ endMs }) => endMs >= nowMs);
      if (left.length === 0) this.#groups.delete(runId);
      else this.#groups.set(runId, left);
    }
  }

  /** Writes all rows: the process goes, or may be stopped for good without a word. */
  writeAll(): void {
    for (const runId of this.#groups.keys()) this.writeRun(runId);
  }

  #groupOf({ atMs, span, runId, fields }: SharedCall): Group {
    const endMs = endOfStretch(atMs);
    const groups = this.#groups.get(runId);
    const found = groups?.find((group) => group.endMs === endMs && areSame(group.fields, fields));
    if (found !== undefined) return found;
    if (this.#count >= MAX_GROUPS) this.writeAll();
    this.#lastId += 1;
    this.#count += 1;
    const group: Group = {
      id: this.#lastId,
      span,
      endMs,
      fields,
      lastMs: atMs,
      sums: new ShareSums(),
      safe: new ShareSums(),
      safeMs: atMs,
      isSafe: false,
      areRowsCopied: false,
      read: youngFunction(() => openRowsOf(group)),
    };
    addToGroup(this.#groups, runId, group);
    return group;
  }

  #write(group: Group): void {
    this.#count -= 1;
    const rows = group.sums.rows();
    let left = rows.length;
    let leftToCopy = rows.length;
    for (const { sum, calls } of rows)
      emitRow(this.#events, group, sum, calls, (fate) => {
        if (fate === 'copied') {
          leftToCopy -= 1;
          if (leftToCopy > 0) return;
          group.areRowsCopied = true;
          this.#keeper.keepRows(group.id, group.read);
        } else if (fate === 'safe') {
          left -= 1;
          if (left > 0) return;
          group.isSafe = true;
          this.#keeper.forgetRows(group.id);
        }
      });
  }
}

/** Writes the rows that a process could not write itself. */
export function writeOpenRows(events: EventLog, { traceId, spanId, atMs, fields, rows }: OpenRows): void {
  const group = { span: { traceId, spanId, traceFlags: 1 }, lastMs: atMs, fields };
  for (const [calls, shares] of rows)
    for (const share of decodeShares(shares)) emitRow(events, group, share, calls);
}

function emitRow(
  events: EventLog,
  { span, lastMs, fields }: Pick<Group, 'span' | 'lastMs' | 'fields'>,
  sum: ToolCost,
  calls: number,
  onFate?: OnFate,
): void {
  events.emit(
    'agent.tool_cost',
    lastMs,
    span,
    { ...fields, ...toolCostFields(sum), 'tallyspan.calls': calls },
    onFate,
  );
}

function openRowsOf({ id, span, safeMs, fields, safe, copied, areRowsCopied }: Group): OpenRows {
  const { traceId, spanId } = span;
  const rows = { id, traceId, spanId, atMs: safeMs, fields, rows: byCalls(safe) };
  if (areRowsCopied) return { ...rows, copied: [] };
  return copied === undefined ? rows : { ...rows, copied: byCalls(copied) };
}

function byCalls(sums: ShareSums): RowsByCalls {
  const groups = new Map<number, ToolCost[]>();
  for (const { sum, calls } of sums.rows()) addToGroup(groups, calls, sum);
  return [...groups].map(([calls, of]) => [calls, encodeShares(of) ?? []]);
}

function areSame(a: Fields, b: Fields): boolean {
  for (const key in a) if (a[key as keyof Fields] !== b[key as keyof Fields]) return false;
  for (const key in b) if (b[key as keyof Fields] !== undefined && !(key in a)) return false;
  return true;
}
