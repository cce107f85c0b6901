// A signal is a named number with one definition: a value over a window.
// A fold is one aggregate (count, sum, quantile, …) over the events of one kind; a value is a fold or is
// built of folds (ratio, total, guarded). The compilers and the evaluator read these definitions;
// nothing else says what a number means.

import type { Dimension, EventName, FieldKey, Unit } from '../core/schema.ts';
import type { Choices } from './choice.ts';

/** Events that a fold reads; `*` is all of them. */
export type EventKind = EventName | '*';

/**
 * A condition on one event. An absent field is unequal to everything, greater than nothing and starts with
 * nothing; Loki cannot tell it from an empty text, so no definition does.
 */
export type Filter =
  | { readonly field: FieldKey; readonly is: string | boolean }
  | { readonly field: FieldKey; readonly isNot: string | boolean }
  | { readonly field: FieldKey; readonly oneOf: readonly string[] }
  | { readonly field: FieldKey; readonly holds: readonly string[] }
  | { readonly field: FieldKey; readonly over: number }
  | { readonly field: FieldKey; readonly startsNotWith: string }
  | { readonly field: FieldKey; readonly isPresent: true }
  | { readonly anyOf: readonly Filter[] };

/**
 * - `count`: events; `sum`, `max`, `quantile`: of a numeric field; `distinct`: different values of a field
 * - `days`: calendar days in the zone that have a matching event
 * - `historyDays`: calendar days from the first that has a matching event up to that of the window's end, which is not counted
 * - `maxAge`: greatest time between the date that a text field begins with and the event, in ms
 * - `places`: numbers from the least to the greatest of a counter, summed over the processes; `gaps`: those of them missing
 */
export type Aggregate =
  | 'count'
  | 'sum'
  | 'max'
  | 'distinct'
  | 'days'
  | 'historyDays'
  | 'maxAge'
  | 'gaps'
  | 'places'
  | { readonly quantile: number };

/**
 * The part of time that a fold reads, relative to the window:
 * - `window`: all of it
 * - `settled`: the window without the last {@link LOST_AFTER_MS} before now
 * - `aftermath`: the {@link LOST_AFTER_MS} after the settled part, in which a run shows that it goes on
 * - `aroundSettled`: as long before the end of the settled part as after it
 * - `before`: the {@link LOST_AFTER_MS} before the window
 * - `today`: the calendar day of the window's end, up to that end
 * - `earlierDays`: the 7 complete calendar days before that day
 * - `earlierDaysSoFar`: the same, each only as far into the day as the window's end is into its own
 */
export type SignalSpan =
  | 'window'
  | 'settled'
  | 'aftermath'
  | 'aroundSettled'
  | 'before'
  | 'today'
  | 'earlierDays'
  | 'earlierDaysSoFar';

/** Days that the baseline of a comparison with earlier days covers. */
export const EARLIER_DAYS = 7;

/** A run without an end is lost when nothing was seen of it for this time. */
export const LOST_AFTER_MS = 3_600_000;

/** A field of integers that is added or subtracted; an absent one is 0. */
export interface Term {
  readonly field: FieldKey;
  readonly times: 1 | -1;
}

/** Events that keep the events of their run from matching, whatever their dimensions. */
export interface Exclusion {
  readonly of: EventKind;
  readonly span: SignalSpan;
}

export interface Fold {
  readonly kind: 'fold';
  readonly of: EventKind;
  readonly aggregate: Aggregate;
  /** Field that the aggregate reads; an event without it does not match. */
  readonly field?: FieldKey;
  /** In place of `field` for a sum: what each event adds. An event with none of the fields does not match. */
  readonly terms?: readonly Term[];
  readonly where?: readonly Filter[];
  /** Conditions that are left out when the signal is grouped by the dimension. */
  readonly unlessBy?: { readonly dimension: Dimension; readonly where: readonly Filter[] };
  readonly span?: SignalSpan;
  /**
   * `start`: an event counts at the instant at which its fact began, its own less `duration_ms`. It is found when
   * it ended at most {@link LOST_AFTER_MS} after the settled part of the window.
   */
  readonly instant?: 'start';
  /** An event does not match whose run has one of these. */
  readonly unlessRunHas?: readonly Exclusion[];
  /** Records marked `tallyspan.duplicate` match as well. */
  readonly withDuplicates?: true;
  /**
   * Of the records with one `tallyspan.key` in the window (or step), whatever else they say, only the one with the highest
   * `tallyspan.revision` may match, marked as a duplicate or not: what was said later does not change a window that is over.
   */
  readonly onlyLatest?: true;
}

/** Summand of a total. */
export interface Part {
  readonly times: number;
  readonly over?: number;
  readonly value: Value;
}

export type Value =
  | Fold
  /**
   * `of` ÷ `to`; null when there is no `to` or it is 0. A count of nothing in `of` is 0. When grouped by one of
   * the `shareOver` dimensions, `to` is not, so that the groups are shares of one whole.
   */
  | {
      readonly kind: 'ratio';
      readonly of: Value;
      readonly to: Value;
      readonly shareOver?: readonly Dimension[];
    }
  /** Σ `times` × `value` ÷ `over`; a part of nothing adds nothing, and nothing at all is null. */
  | { readonly kind: 'total'; readonly parts: readonly Part[] }
  /** `value` where `needs` is at least `atLeast`, else null. */
  | { readonly kind: 'guarded'; readonly value: Value; readonly needs: Fold; readonly atLeast: number };

export type SignalUnit = Unit | 'ratio' | 'factor' | 'tokens/s';

/**
 * - `range`: whatever is asked for, by default the last `defaultMs`
 * - `rolling`: always the last `lengthMs` before the end that is asked for
 * - `day`: always the calendar day of that end, in the zone, up to it
 */
export type Window =
  | { readonly kind: 'range'; readonly defaultMs: number }
  | { readonly kind: 'rolling'; readonly lengthMs: number }
  | { readonly kind: 'day' };

export interface Signal {
  readonly id: string;
  readonly title: string;
  readonly unit: SignalUnit;
  /** One sentence: what the number is. */
  readonly help: string;
  readonly value: Value;
  readonly window: Window;
  /** Dimensions that it may be grouped and filtered by. */
  readonly dimensions: readonly Dimension[];
  /** What it is when nothing happened. */
  readonly whenEmpty: 0 | null;
  readonly better: 'up' | 'down' | 'neither';
  /** What a bad value means. */
  readonly bad: string;
  /** What to do first about a bad value. */
  readonly action: string;
}

/** What is asked of a signal. Instants are Unix milliseconds; the window is `(from, to]`. */
export interface SignalRequest {
  readonly from: number;
  readonly to: number;
  readonly by?: Dimension | readonly Dimension[] | undefined;
  /** Only events whose dimensions have these values. */
  readonly where?: Choices | undefined;
  /** IANA time zone of calendar days. */
  readonly timezone: string;
  /** Wall clock, for what is measured up to now; the end of the window when not given. */
  readonly now?: number | undefined;
}

/** A request that a signal cannot answer: its message says why and what is possible. */
export class SignalError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SignalError';
  }
}

/** Why a back end cannot express a signal. */
export interface NotSupported {
  readonly reason: string;
}

/** The dimensions of a request as a list. Throws a {@link SignalError} on one that the signal has not. */
export function dimensionsOf(signal: Signal, request: Pick<SignalRequest, 'by' | 'where'>): Dimension[] {
  const by = request.by === undefined ? [] : typeof request.by === 'string' ? [request.by] : [...request.by];
  for (const dimension of [...by, ...(Object.keys(request.where ?? {}) as Dimension[])]) {
    if (signal.dimensions.includes(dimension)) continue;
    const possible = signal.dimensions.length === 0 ? 'none' : signal.dimensions.join(', ');
    throw new SignalError(`${signal.id} has no dimension ${dimension}; its dimensions: ${possible}`);
  }
  return by;
}

/** The folds of a value, left to right. */
export function foldsOf(value: Value): Fold[] {
  switch (value.kind) {
    case 'fold':
      return [value];
    case 'ratio':
      return [...foldsOf(value.of), ...foldsOf(value.to)];
    case 'total':
      return value.parts.flatMap((part) => foldsOf(part.value));
    case 'guarded':
      return [...foldsOf(value.value), value.needs];
  }
}

/** Whether a fold of nothing is 0 and not null. */
export function isCount(value: Value): boolean {
  return (
    value.kind === 'fold' &&
    ['count', 'distinct', 'days', 'gaps', 'places'].includes(value.aggregate as string)
  );
}

/** The conditions of a fold when grouped by the dimensions. */
export function filtersOf(fold: Fold, by: readonly Dimension[]): readonly Filter[] {
  const { where = [], unlessBy } = fold;
  return unlessBy && !by.includes(unlessBy.dimension) ? [...where, ...unlessBy.where] : where;
}

/** The field of a fold whose aggregate reads one. */
export function fieldOf(fold: Fold): FieldKey {
  if (fold.field === undefined)
    throw new Error(`the aggregate ${JSON.stringify(fold.aggregate)} needs a field`);
  return fold.field;
}
