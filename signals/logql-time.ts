// How LogQL says time: the range after a selector, and where a range cannot say it, stages that keep
// only the lines of a calendar day or of a settled run.

import { DAY_MS, dayOf, HOUR_MS, type Interval } from '../core/time.ts';
import { EARLIER_DAYS, LOST_AFTER_MS, type Signal, type Span } from './signal.ts';
import { intervalsOf, windowOf, withoutInterval } from './spans.ts';

/**
 * - `panel`: one number over the range of the board (`$__range`)
 * - `days`: one number per calendar day, the last `count` up to now, told apart by {@link DAY_LABEL}
 * - `steps`: a time series; `auto` lets Grafana choose the step. The point of an hour or a day stands at its start
 * - `rule`: an alert rule: fixed durations, up to now
 * - `at`: asked as an instant query at `to`, Unix milliseconds
 */
export type LogqlContext =
  | { readonly kind: 'panel' }
  | { readonly kind: 'days'; readonly count: number }
  | { readonly kind: 'steps'; readonly step: 'auto' | 'hour' | 'day' }
  | { readonly kind: 'rule'; readonly lengthMs: number }
  | { readonly kind: 'at'; readonly from: number; readonly to: number; readonly now?: number | undefined };

/** A range after the selector, and the stages before it that cut it to size. */
export interface TimeRange {
  /** As in `[24h] offset 1h`. */
  readonly range: string;
  readonly stages: readonly string[];
}

/** Label in which the stages keep how many days ago a line was. */
export const DAYS_AGO = 'days_ago';

/** Label that holds the local date of a line (`2026-11-21`) where a signal is asked per day. */
export const DAY_LABEL = 'day';

/** The longest that a day and {@link EARLIER_DAYS} days before it can be, with the hour that a clock change adds. */
const LONGEST_DAY_MS = 25 * HOUR_MS;
const LONGEST_EARLIER_MS = EARLIER_DAYS * DAY_MS + HOUR_MS + LONGEST_DAY_MS;

export class LogqlTime {
  readonly #signal: Signal;
  readonly #context: LogqlContext;
  readonly #timezone: string;

  constructor(signal: Signal, context: LogqlContext, timezone: string) {
    this.#signal = signal;
    this.#context = context;
    this.#timezone = timezone;
  }

  /** The ranges that a span covers; their sums and counts add up. */
  rangesOf(span: Span): TimeRange[] {
    const at = this.#at();
    if (at) return intervalsOf(span, at.window, at).flatMap((interval) => rangesAt(interval, at.window.to));
    switch (span) {
      case 'window':
        return [{ range: this.#windowRange(), stages: this.#dayStages() }];
      case 'settled':
        return [{ range: this.#windowRange(), stages: [...SETTLED, ...this.#dayStages()] }];
      case 'today':
        return [{ range: `[${duration(LONGEST_DAY_MS)}]`, stages: [this.#daysAgo(), `${DAYS_AGO} = 0`] }];
      case 'earlierDays':
        return [{ range: `[${duration(LONGEST_EARLIER_MS)}]`, stages: this.#earlier() }];
      case 'earlierDaysSoFar':
        return [
          {
            range: `[${duration(LONGEST_EARLIER_MS)}]`,
            stages: [...this.#earlier(), this.#aheadOfNow(), 'ahead_ms <= 0'],
          },
        ];
    }
  }

  /** The ranges of a span apart by calendar day, or one range whose lines have the label {@link DAYS_AGO}. */
  daysOf(span: Span): { readonly ranges: TimeRange[]; readonly isLabelled: boolean } {
    const at = this.#at();
    if (!at) return { ranges: this.rangesOf(span), isLabelled: true };
    const ranges = intervalsOf(span, at.window, at).flatMap((interval) =>
      splitByDay(interval, this.#timezone).flatMap((day) => rangesAt(day, at.window.to)),
    );
    return { ranges, isLabelled: false };
  }

  /** Where a fold looks for the event that rules another one out. */
  rangesOfWithout(): TimeRange[] {
    const at = this.#at();
    if (at) return rangesAt(withoutInterval(at.window), at.window.to);
    const later = duration(LOST_AFTER_MS);
    const after = this.#context.kind === 'steps' ? this.#stepOffset(LOST_AFTER_MS) : ` offset -${later}`;
    return [
      { range: this.#windowRange(), stages: [] },
      ...(after === undefined ? [] : [{ range: `[${later}]${after}`, stages: [] }]),
    ];
  }

  #at(): { window: Interval; timezone: string; now: number | undefined } | undefined {
    if (this.#context.kind !== 'at') return undefined;
    const { from, to, now } = this.#context;
    return {
      window: windowOf(this.#signal, { from, to, timezone: this.#timezone }),
      timezone: this.#timezone,
      now,
    };
  }

  #windowRange(): string {
    if (this.#signal.window.kind === 'rolling') return `[${duration(this.#signal.window.lengthMs)}]`;
    switch (this.#context.kind) {
      case 'panel':
        return '[$__range]';
      case 'days':
        return `[${duration((this.#context.count - 1) * DAY_MS + HOUR_MS + LONGEST_DAY_MS)}]`;
      case 'rule':
        return `[${duration(this.#context.lengthMs)}]`;
      case 'steps':
        return this.#context.step === 'auto'
          ? '[$__auto]'
          : `[${STEP[this.#context.step]}]${this.#stepOffset(0) ?? ''}`;
      case 'at':
        throw new Error('a question at an instant has intervals');
    }
  }

  /** Moves a step's range so that the point stands at the start of the step; `undefined` where Grafana chooses the step. */
  #stepOffset(laterMs: number): string | undefined {
    if (this.#context.kind !== 'steps' || this.#context.step === 'auto')
      return laterMs === 0 ? '' : undefined;
    const stepMs = this.#context.step === 'hour' ? HOUR_MS : DAY_MS;
    return ` offset -${duration(stepMs + laterMs)}`;
  }

  #dayStages(): string[] {
    if (this.#context.kind !== 'days') return [];
    const isRecent = `${DAYS_AGO} < ${this.#context.count}`;
    return [
      this.#daysAgo(),
      isRecent,
      `label_format ${DAY_LABEL}=\`{{ ${this.#localDate('__timestamp__')} }}\``,
    ];
  }

  #daysAgo(): string {
    return `label_format ${DAYS_AGO}=\`{{ sub ${this.#date('now')} ${this.#date('__timestamp__')} }}\``;
  }

  #earlier(): string[] {
    return [this.#daysAgo(), `${DAYS_AGO} >= 1`, `${DAYS_AGO} <= ${EARLIER_DAYS}`];
  }

  /** How much further into its day the line is than now is into today, in ms. */
  #aheadOfNow(): string {
    const intoDay = (instant: string): string =>
      `(sub (unixEpochMillis ${instant}) (mul 1000 ${this.#midnight(instant)}))`;
    return `label_format ahead_ms=\`{{ sub ${intoDay('__timestamp__')} ${intoDay('now')} }}\``;
  }

  /** Template: days since 1970-01-01 of the local date; the instant of midnight belongs to the day that ends. */
  #date(instant: string): string {
    if (this.#timezone === 'UTC') return `(div (sub (unixEpochNanos ${instant}) 1) ${DAY_MS * 1e6})`;
    return `(div (unixEpoch (toDateInZone "2006-01-02" "UTC" ${this.#localDate(instant)})) 86400)`;
  }

  /** Template: Unix seconds of the midnight at which the day of the instant began. */
  #midnight(instant: string): string {
    if (this.#timezone === 'UTC') return `(mul 86400 ${this.#date(instant)})`;
    return `(unixEpoch (toDateInZone "2006-01-02" "${this.#timezone}" ${this.#localDate(instant)}))`;
  }

  #localDate(instant: string): string {
    const location = `(toDateInZone "2006-01-02" "${this.#timezone}" "2020-01-01").Location`;
    return `(((${instant}.Add -1).In ${location}).Format "2006-01-02")`;
  }
}

const STEP = { hour: '1h', day: '1d' } as const;

const SETTLED = [
  'label_format age_ms=`{{ sub (unixEpochMillis now) (unixEpochMillis __timestamp__) }}`',
  `age_ms >= ${LOST_AFTER_MS}`,
];

/** A duration in the largest unit that divides it. */
export function duration(ms: number): string {
  for (const [unit, length] of [
    ['h', HOUR_MS],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms % length === 0) return `${ms / length}${unit}`;
  }
  return `${ms}ms`;
}

function rangesAt({ from, to }: Interval, atMs: number): TimeRange[] {
  if (to <= from) return [];
  const offset = to === atMs ? '' : ` offset ${to > atMs ? '-' : ''}${duration(Math.abs(atMs - to))}`;
  return [{ range: `[${duration(to - from)}]${offset}`, stages: [] }];
}

function splitByDay(interval: Interval, timezone: string): Interval[] {
  const days: Interval[] = [];
  for (let from = interval.from; from < interval.to;) {
    const to = Math.min(dayOf(from + 1, timezone).to, interval.to);
    days.push({ from, to });
    from = to;
  }
  return days;
}
