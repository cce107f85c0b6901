// The order of a list of runs, and the cursor: the place in that order where a page of the list ends, so that the next one
// begins there however many come before it. Runs that are equal in what is asked for stand newest first, then by their id.

import { compareText } from '../../../core/text/text-order.ts';
import { textSql } from '../../../signals/sql-text.ts';
import type { DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull, textOrNull } from '../field-values.ts';
import { recordedCostNanoUsd } from './run-summary.ts';

type Key = number | string | null;

interface Order {
  /** Of a run that ended. */
  readonly sql: string;
  /** Of a row of either kind; one that goes on is as large as it is so far. */
  readonly keyOf: (row: DatabaseRow, nowMs: number) => Key;
  /** From the least, where nothing else is asked for. */
  readonly isAscending?: true;
}

const count = (column: string): Order => ({ sql: column, keyOf: (row) => numberOrNull(row[column]) });
const text = (column: string): Order => ({
  sql: column,
  keyOf: (row) => textOrNull(row[column]),
  isAscending: true,
});

const ORDERS = {
  newest: { sql: 'epoch_ms(timestamp)', keyOf: timeOfRow },
  slowest: {
    sql: 'duration_ms',
    keyOf: (row, nowMs) =>
      row['ended'] === null ? nowMs - timeOf(row['started']) : numberOrNull(row['duration_ms']),
  },
  // With its nested runs: the run that started them is the one that a person should open.
  'most-expensive': {
    sql: 'agent_cost_nano_usd + coalesce(agent_nested_cost_nano_usd, 0)',
    keyOf: (row) => recordedCostNanoUsd(row),
  },
  turns: count('agent_turns'),
  tools: count('agent_tool_calls'),
  'tokens-in': count('agent_tokens_in'),
  'tokens-out': count('agent_tokens_out'),
  agent: text('gen_ai_agent_name'),
  version: text('agent_version'),
  user: text('user_id'),
  task: text('agent_task_type'),
  project: text('agent_project'),
  session: text('gen_ai_conversation_id'),
  status: text('agent_status'),
} as const satisfies Record<string, Order>;

export type RunSort = keyof typeof ORDERS;
export const RUN_SORTS = Object.keys(ORDERS) as readonly RunSort[];

/** Whether the least stand first. */
export function isAscendingOrder(sort: RunSort, isReversed: boolean): boolean {
  const order: Order = ORDERS[sort];
  return (order.isAscending === true) !== isReversed;
}

/** A place in the list: the keys of the run there. */
export interface RunCursor {
  readonly key: Key;
  readonly timeMs: number;
  readonly id: string;
  /** Runs before this place, for people. */
  readonly position: number;
  /** What is wanted stands before it and not after it. */
  readonly isBackward: boolean;
  /**
   * When the list was first asked for: runs that go on grow, and stay as slow as they were then, so that none moves from
   * one page to another. Undefined in addresses of earlier versions.
   */
  readonly asOfMs?: number | undefined;
}

export class RunOrder {
  readonly #order: Order;
  readonly #isAscending: boolean;

  constructor(sort: RunSort = 'newest', isReversed = false) {
    this.#order = ORDERS[sort];
    this.#isAscending = isAscendingOrder(sort, isReversed);
  }

  /** What stands after ORDER BY. Runs without the number or name are last, whatever the direction. */
  orderSql(isBackward = false): string {
    const { sql } = this.#order;
    const [key, nulls] = this.#isAscending === isBackward ? ['DESC', 'NULLS LAST'] : ['ASC', 'NULLS LAST'];
    if (!isBackward) return `${sql} ${key} ${nulls}, timestamp DESC, agent_run_id`;
    return `${sql} ${key} NULLS FIRST, timestamp, agent_run_id DESC`;
  }

  /** A condition that holds for runs beyond the cursor. */
  beyondSql({ key, timeMs, id, isBackward }: RunCursor): string {
    const { sql } = this.#order;
    const time = 'epoch_ms(timestamp)';
    const [later, further] = isBackward ? ['>', '<'] : ['<', '>'];
    const tie = `(${time} ${later} ${timeMs} OR (${time} = ${timeMs} AND agent_run_id ${further} ${textSql(id)}))`;
    if (key === null) return isBackward ? `(${sql} IS NOT NULL OR ${tie})` : `(${sql} IS NULL AND ${tie})`;
    const value = typeof key === 'number' ? String(key) : textSql(key);
    const sign = this.#isAscending === isBackward ? '<' : '>';
    const beyond = `${sql} ${sign} ${value} OR (${sql} = ${value} AND ${tie})`;
    return isBackward ? `(${beyond})` : `(${beyond} OR ${sql} IS NULL)`;
  }

  compare(a: DatabaseRow, b: DatabaseRow, nowMs: number): number {
    return this.#compareKeys(this.#placeOf(a, nowMs), this.#placeOf(b, nowMs));
  }

  /** Whether the run is among those that the cursor asks for. */
  isBeyond(row: DatabaseRow, cursor: RunCursor, nowMs: number): boolean {
    const order = this.#compareKeys(this.#placeOf(row, nowMs), cursor);
    return cursor.isBackward ? order < 0 : order > 0;
  }

  cursorOf(row: DatabaseRow, position: number, isBackward: boolean, nowMs: number): RunCursor {
    return { ...this.#placeOf(row, nowMs), position, isBackward, asOfMs: nowMs };
  }

  #placeOf(row: DatabaseRow, nowMs: number): Pick<RunCursor, 'key' | 'timeMs' | 'id'> {
    return {
      key: this.#order.keyOf(row, nowMs),
      timeMs: timeOfRow(row),
      id: String(row['agent_run_id']),
    };
  }

  #compareKeys(
    a: Pick<RunCursor, 'key' | 'timeMs' | 'id'>,
    b: Pick<RunCursor, 'key' | 'timeMs' | 'id'>,
  ): number {
    if (a.key !== null && b.key !== null && a.key !== b.key) {
      const order =
        typeof a.key === 'number' && typeof b.key === 'number'
          ? a.key - b.key
          : compareText(String(a.key), String(b.key));
      return this.#isAscending ? order : -order;
    }
    if ((a.key === null) !== (b.key === null)) return a.key === null ? 1 : -1;
    return b.timeMs - a.timeMs || compareText(a.id, b.id);
  }
}

/** As an address holds it. */
export function cursorText({ key, timeMs, id, position, isBackward, asOfMs }: RunCursor): string {
  const parts = [key, timeMs, id, position, isBackward ? 1 : 0, ...(asOfMs === undefined ? [] : [asOfMs])];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Undefined where the text is no cursor. */
export function readCursor(given: string): RunCursor | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(given, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [key, timeMs, id, position, backward, asOfMs] = parts as unknown[];
  const isKey = key === null || typeof key === 'string' || (typeof key === 'number' && Number.isFinite(key));
  if (!isKey || typeof timeMs !== 'number' || !Number.isFinite(timeMs) || typeof id !== 'string')
    return undefined;
  if (typeof position !== 'number' || !Number.isInteger(position) || position < 0) return undefined;
  if (asOfMs !== undefined && (typeof asOfMs !== 'number' || !Number.isFinite(asOfMs))) return undefined;
  return { key, timeMs, id, position, isBackward: backward === 1, asOfMs };
}

function timeOfRow(row: DatabaseRow): number {
  return timeOf(row['timestamp']);
}

function timeOf(value: unknown): number {
  return (value as Date).getTime();
}
