// How LogQL says time: the range after a selector, and where a range cannot say it, stages that keep
// only the lines of a calendar day or of a settled run.

import { dateOf, DAY_MS, dayOf, HOUR_MS, type Interval } from '../core/time/time.ts';
import { EARLIER_DAYS, LOST_AFTER_MS, type Signal, type SignalSpan } from './signal.ts';
import { intervalsOf, windowOf, endsOf } from './spans.ts';

/**
 * - `panel`: one number over the range of the board (`$__range`)
 * - `days`: one number per calendar day, the last `count` up to now, told apart by {@link DAY_LABEL}
 * - `steps`: a time series; `auto` lets Grafana choose the step. The point of an hour or a day stands at its start
 * - `rule`: an alert rule: fixed durations up to now, or the calendar day so far; or all of it `agoMs` ago
 * - `at`: asked as an instant query at `to`, Unix milliseconds
 */
export type LogqlContext =
  | { readonly kind: 'panel' }
  | { readonly kind: 'days'; readonly count: number }
  | { readonly kind: 'steps'; readonly step: 'auto' | 'hour' | 'day' }
  | {
      readonly kind: 'rule';
      readonly lengthMs: number;
      readonly isDay?: boolean;
      readonly agoMs?: number | undefined;
    }
  | { readonly kind: 'at'; readonly from: number; readonly to: number; readonly now?: number | undefined };

/** A range after the selector, and the stages before it that cut it to size. */
export interface TimeRange {
  /** As in `[24h] offset 1h`. */
  readonly range: string;
  readonly stages: readonly string[];
}

/** A range of one calendar day, unless its lines have the label {@link DAYS_AGO}. */
export interface DayRange extends TimeRange {
  readonly daysAgo?: number;
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
  rangesOf(span: SignalSpan): TimeRange[] {
    const at = this.#at();
    if (at) return intervalsOf(span, at.window, at).flatMap((interval) => rangesAt(interval, at.window.to));
    switch (span) {
      case 'window':
        return [{ range: this.#windowRange(), stages: this.#dayStages() }];
      case 'settled':
        return [{ range: this.#windowRange(), stages: [...SETTLED, ...this.#dayStages()] }];
      case 'aftermath':
        return this.#aroundSettled(LOST_AFTER_MS);
      case 'aroundSettled':
        return this.#aroundSettled(2 * LOST_AFTER_MS);
      case 'before':
        return [{ range: `[${logqlDuration(LOST_AFTER_MS)}] offset ${this.#length()}`, stages: [] }];
      case 'today':
        return [{ range: `[${logqlDuration(LONGEST_DAY_MS)}]`, stages: this.#today() }];
      case 'earlierDays':
        return this.#earlierInParts();
      case 'earlierDaysSoFar':
        return [
          {
            range: `[${logqlDuration(LONGEST_EARLIER_MS)}]`,
            stages: [this.#daysAgoSoFar(), `${DAYS_AGO} >= 1`, `${DAYS_AGO} <= ${EARLIER_DAYS}`],
          },
        ];
    }
  }

  /** The ranges of a span apart by calendar day, or one range whose lines have the label {@link DAYS_AGO}. */
  daysOf(span: SignalSpan): { readonly ranges: DayRange[]; readonly isLabelled: boolean } {
    const at = this.#at();
    if (!at) {
      const earlier = { range: `[${logqlDuration(LONGEST_EARLIER_MS)}]`, stages: this.#earlier() };
      return { ranges: span === 'earlierDays' ? [earlier] : this.rangesOf(span), isLabelled: true };
    }
    const ranges = intervalsOf(span, at.window, at).flatMap((interval) =>
      splitByDay(interval, this.#timezone).flatMap((day) => {
        const daysAgo = dateOf(at.window.to, this.#timezone) - dateOf(day.to, this.#timezone);
        return rangesAt(day, at.window.to).map((range) => ({ ...range, daysAgo }));
      }),
    );
    return { ranges, isLabelled: false };
  }

  /**
   * The ranges in which the records stand whose facts began in the settled part of the window. A panel knows
   * the ends of its range as well; a rule ends now.
   */
  startedIn(): TimeRange[] {
    const at = this.#at();
    if (at) {
      const [settled] = intervalsOf('settled', at.window, at);
      if (!settled || settled.to <= settled.from) return [];
      const stages = [BEGAN, `began_ms > ${settled.from}`, `began_ms <= ${settled.to}`];
      return rangesAt(endsOf(at.window, at), at.window.to).map(({ range }) => ({ range, stages }));
    }
    if (this.#context.kind === 'rule') {
      const stages = [
        BEGAN_AGO,
        `began_ago_ms >= ${LOST_AFTER_MS}`,
        `began_ago_ms < ${this.#context.lengthMs}`,
      ];
      return [{ range: this.#windowRange(), stages }];
    }
    const stages = [
      BEGAN,
      'began_ms > $__from',
      'began_ms <= $__to',
      BEGAN_AGO,
      `began_ago_ms >= ${LOST_AFTER_MS}`,
    ];
    const later = logqlDuration(LOST_AFTER_MS);
    return [this.#windowRange(), `[${later}] offset -${later}`].map((range) => ({ range, stages }));
  }

  /** The stretch of that length that ends where runs of the settled part must have shown that they go on. */
  #aroundSettled(lengthMs: number): TimeRange[] {
    const range = `[${logqlDuration(lengthMs)}]`;
    if (this.#context.kind === 'rule') return [{ range, stages: [] }];
    // The settled part ends at the earlier of two: the end of the range, and an hour before now.
    const isNear = [`age_ms < ${lengthMs}`];
    if (lengthMs > LOST_AFTER_MS) isNear.push(`before_end_ms < ${lengthMs - LOST_AFTER_MS}`);
    const later = logqlDuration(LOST_AFTER_MS);
    return [
      { range, stages: [AGE, BEFORE_END, isNear.join(' or ')] },
      { range: `[${later}] offset -${later}`, stages: [] },
    ];
  }

  /** Length of the window, as an offset from its end to its start. */
  #length(): string {
    return this.#windowRange().slice(1, -1);
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
    if (this.#signal.window.kind === 'rolling') return `[${logqlDuration(this.#signal.window.lengthMs)}]`;
    switch (this.#context.kind) {
      case 'panel':
        return '[$__range]';
      case 'days':
        return `[${logqlDuration((this.#context.count - 1) * DAY_MS + HOUR_MS + LONGEST_DAY_MS)}]`;
      case 'rule':
        return `[${logqlDuration(this.#isDay() ? LONGEST_DAY_MS : this.#context.lengthMs)}]${this.#offset()}`;
      case 'steps':
        return this.#context.step === 'auto'
          ? '[$__auto]'
          : `[${STEP[this.#context.step]}] offset -${STEP_OFFSET[this.#context.step]}`;
      case 'at':
        throw new Error('a question at an instant has intervals');
    }
  }

  #isDay(): boolean {
    return this.#context.kind === 'rule' && this.#context.isDay === true;
  }

  #agoMs(): number {
    return this.#context.kind === 'rule' ? (this.#context.agoMs ?? 0) : 0;
  }

  #offset(): string {
    return this.#agoMs() === 0 ? '' : ` offset ${logqlDuration(this.#agoMs())}`;
  }

  /** Template: the end of the window. */
  #now(): string {
    return this.#agoMs() === 0 ? 'now' : `(now.Add -${this.#agoMs()}000000)`;
  }

  #today(): string[] {
    return [this.#daysAgo(), `${DAYS_AGO} = 0`];
  }

  #daysAgo(): string {
    return `label_format ${DAYS_AGO}=\`${this.#local('UTC')}{{ ${this.#daysBetween()} }}\``;
  }

  #earlier(): string[] {
    return [this.#daysAgo(), `${DAYS_AGO} >= 1`, `${DAYS_AGO} <= ${EARLIER_DAYS}`];
  }

  /**
   * The earlier days in three parts: only the lines of the outer two can be of another day, whenever the clock
   * changes; those between need not be asked for their date, which is half of the work.
   */
  #earlierInParts(): TimeRange[] {
    const surelyEarlierMs = LONGEST_DAY_MS;
    const surelyWithinMs = EARLIER_DAYS * DAY_MS - HOUR_MS;
    const oldest = `[${logqlDuration(LONGEST_EARLIER_MS - surelyWithinMs)}] offset ${logqlDuration(surelyWithinMs)}`;
    const middle = `[${logqlDuration(surelyWithinMs - surelyEarlierMs)}] offset ${logqlDuration(surelyEarlierMs)}`;
    const daysAgo = this.#daysAgo();
    return [
      { range: oldest, stages: [daysAgo, `${DAYS_AGO} <= ${EARLIER_DAYS}`] },
      { range: middle, stages: [] },
      { range: `[${logqlDuration(surelyEarlierMs)}]`, stages: [daysAgo, `${DAYS_AGO} >= 1`] },
    ];
  }

  /** As {@link #daysAgo}, but -1 for a line that is further into its day than now is into today. */
  #daysAgoSoFar(): string {
    const isSoFar =
      this.#timezone === 'UTC'
        ? `le (mod $t ${DAY_NS}) (mod $n ${DAY_NS})`
        : 'le (sub $t (mul $td 1000000000)) (sub $n (mul $nd 1000000000))';
    const value = `{{ if ${isSoFar} }}{{ ${this.#daysBetween()} }}{{ else }}-1{{ end }}`;
    return `label_format ${DAYS_AGO}=\`${this.#local(this.#timezone)}${value}\``;
  }

  /**
   * Template variables: `$n` and `$t`, now and the line less a nanosecond, because the instant of midnight belongs
   * to the day that ends; in a zone also `$nd` and `$td`, the midnights at which their days began, in seconds.
   * Where only the days between are asked for, midnights of UTC do: Loki looks a zone up again for each use.
   */
  #local(zoneOfMidnights: string): string {
    const instants = `{{ $n := sub (unixEpochNanos ${this.#now()}) 1 }}{{ $t := sub (unixEpochNanos __timestamp__) 1 }}`;
    if (this.#timezone === 'UTC') return instants;
    const midnight = (instant: string): string =>
      `unixEpoch (toDateInZone "2006-01-02" "${zoneOfMidnights}" (${localDate(instant)}))`;
    return `${instants}{{ $l := ${this.#location()} }}{{ $nd := ${midnight(this.#now())} }}{{ $td := ${midnight('__timestamp__')} }}`;
  }

  /** Template: days from the line's date to today's. Days of 23 and 25 hours are rounded. */
  #daysBetween(): string {
    return this.#timezone === 'UTC'
      ? `sub (div $n ${DAY_NS}) (div $t ${DAY_NS})`
      : 'div (add (sub $nd $td) 43200) 86400';
  }

  #dayStages(): string[] {
    if (this.#isDay()) return this.#today();
    if (this.#context.kind !== 'days') return [];
    const date = `{{ $l := ${this.#location()} }}{{ ${localDate('__timestamp__')} }}`;
    return [this.#daysAgo(), `${DAYS_AGO} < ${this.#context.count}`, `label_format ${DAY_LABEL}=\`${date}\``];
  }

  #location(): string {
    return `(toDateInZone "2006-01-02" "${this.#timezone}" "2020-01-01").Location`;
  }
}

const DAY_NS = DAY_MS * 1e6;

/** Template: the date of an instant in the zone `$l`. */
function localDate(instant: string): string {
  return `((${instant}.Add -1).In $l).Format "2006-01-02"`;
}

const STEP = { hour: '1h', day: '1d' } as const;
/** Moves a point to the start of its step. Loki has no days in an offset. */
const STEP_OFFSET = { hour: '1h', day: '24h' } as const;

const BEGAN = 'label_format began_ms=`{{ sub (unixEpochMillis __timestamp__) (int .duration_ms) }}`';
const BEGAN_AGO =
  'label_format began_ago_ms=`{{ add (sub (unixEpochMillis now) (unixEpochMillis __timestamp__)) (int .duration_ms) }}`';

const AGE = 'label_format age_ms=`{{ sub (unixEpochMillis now) (unixEpochMillis __timestamp__) }}`';
const BEFORE_END = 'label_format before_end_ms=`{{ sub $__to (unixEpochMillis __timestamp__) }}`';
const SETTLED = [AGE, `age_ms >= ${LOST_AFTER_MS}`];

/** A logqlDuration in the largest unit that divides it. */
export function logqlDuration(ms: number): string {
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
  const offset = to === atMs ? '' : ` offset ${to > atMs ? '-' : ''}${logqlDuration(Math.abs(atMs - to))}`;
  return [{ range: `[${logqlDuration(to - from)}]${offset}`, stages: [] }];
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
