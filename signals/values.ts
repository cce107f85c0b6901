// Words in which the catalogue writes its values.

import type { Dimension, FieldKey } from '../core/schema.ts';
import { DAY_MS } from '../core/time/time.ts';
import type { EventKind, Filter, Fold, Value, Window } from './signal.ts';

type Options = Pick<Fold, 'span' | 'unlessBy' | 'instant' | 'unlessRunHas' | 'withDuplicates' | 'onlyLatest'>;

/** A remainder is what Claude Code counted beyond the calls that were reported: it costs, and is no call. */
export const IS_ONE_CALL: Filter = { field: 'tallyspan.source', isNot: 'remainder' };

export function count(of: EventKind, where: readonly Filter[] = [], options: Options = {}): Fold {
  return { kind: 'fold', of, aggregate: 'count', where, ...options };
}

export function sum(
  of: EventKind,
  field: FieldKey,
  where: readonly Filter[] = [],
  options: Options = {},
): Fold {
  return { kind: 'fold', of, aggregate: 'sum', field, where, ...options };
}

/** Sum over several fields of an event, the second list subtracted. */
export function sumOf(
  of: EventKind,
  added: readonly FieldKey[],
  subtracted: readonly FieldKey[] = [],
  where: readonly Filter[] = [],
): Fold {
  const terms = [
    ...added.map((field) => ({ field, times: 1 as const })),
    ...subtracted.map((field) => ({ field, times: -1 as const })),
  ];
  return { kind: 'fold', of, aggregate: 'sum', terms, where };
}

export function distinct(
  of: EventKind,
  field: FieldKey,
  where: readonly Filter[] = [],
  options: Options = {},
): Fold {
  return { kind: 'fold', of, aggregate: 'distinct', field, where, ...options };
}

export function days(of: EventKind, field: FieldKey, options: Options = {}): Fold {
  return { kind: 'fold', of, aggregate: 'days', field, ...options };
}

/** Calendar days that are behind since something matched first. */
export function historyDays(of: EventKind, field: FieldKey, options: Options = {}): Fold {
  return { kind: 'fold', of, aggregate: 'historyDays', field, ...options };
}

export function quantile(q: number, of: EventKind, field: FieldKey, where: readonly Filter[] = []): Fold {
  return { kind: 'fold', of, aggregate: { quantile: q }, field, where };
}

export function ratio(of: Value, to: Value, shareOver?: readonly Dimension[]): Value {
  return shareOver ? { kind: 'ratio', of, to, shareOver } : { kind: 'ratio', of, to };
}

/** Mean of a field over the events that have it. */
export function mean(of: EventKind, field: FieldKey, where: readonly Filter[] = []): Value {
  return ratio(sum(of, field, where), count(of, [...where, { field, isPresent: true }]));
}

export function total(...parts: readonly (readonly [times: number, value: Value])[]): Value {
  return { kind: 'total', parts: parts.map(([times, value]) => ({ times, value })) };
}

/** A value divided by a number. */
export function per(value: Value, over: number): Value {
  return { kind: 'total', parts: [{ times: 1, over, value }] };
}

/** Range window with this default length in days. */
export function range(defaultDays = 1): Window {
  return { kind: 'range', defaultMs: defaultDays * DAY_MS };
}

/** Dimensions that every event of a run has. */
export const RUN_DIMENSIONS = ['agent', 'version', 'project', 'user', 'task', 'session', 'service'] as const;

/** Dimensions of a model call. */
export const CALL_DIMENSIONS = ['model', ...RUN_DIMENSIONS, 'source', 'step', 'error'] as const;

/** Dimensions of a tool call. */
export const TOOL_DIMENSIONS = ['tool', ...RUN_DIMENSIONS, 'step', 'error'] as const;
