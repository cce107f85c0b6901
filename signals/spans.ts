// Spans as intervals: which stretches of time a fold reads when a window is asked for.

import { DAY_MS, dayOf, type Interval } from '../core/time/time.ts';
import {
  EARLIER_DAYS,
  foldsOf,
  LOST_AFTER_MS,
  type Signal,
  type SignalRequest,
  type SignalSpan,
  type Window,
} from './signal.ts';

/** The window that a signal answers for: its own where it is fixed, else the one asked for. */
export function windowOf(signal: Signal, request: Pick<SignalRequest, 'from' | 'to' | 'timezone'>): Interval {
  const { to } = request;
  switch (signal.window.kind) {
    case 'range':
      return { from: request.from, to };
    case 'rolling':
      return { from: to - signal.window.lengthMs, to };
    case 'day':
      return { from: dayOf(to, request.timezone).from, to };
  }
}

/** The stretches that a span covers, ascending and apart. */
export function intervalsOf(
  span: SignalSpan,
  window: Interval,
  request: Pick<SignalRequest, 'timezone' | 'now'>,
): Interval[] {
  const { to } = window;
  const today = dayOf(to, request.timezone);
  switch (span) {
    case 'window':
      return [window];
    case 'settled':
      return [{ from: window.from, to: settledUntil(window, request.now) }];
    case 'aftermath':
      return [hourAfter(settledUntil(window, request.now))];
    case 'aroundSettled': {
      const until = settledUntil(window, request.now);
      return [{ from: until - LOST_AFTER_MS, to: until + LOST_AFTER_MS }];
    }
    case 'before':
      return [{ from: window.from - LOST_AFTER_MS, to: window.from }];
    case 'today':
      return [{ from: today.from, to }];
    case 'earlierDays':
      return [{ from: dayOf(to, request.timezone, -EARLIER_DAYS).from, to: today.from }];
    case 'earlierDaysSoFar':
      return Array.from({ length: EARLIER_DAYS }, (_, index) => {
        const day = dayOf(to, request.timezone, index - EARLIER_DAYS);
        return { from: day.from, to: Math.min(day.to, day.from + (to - today.from)) };
      });
  }
}

/** End of the settled part of a window; never before its start. */
function settledUntil(window: Interval, now: number = window.to): number {
  return Math.max(window.from, Math.min(window.to, now - LOST_AFTER_MS));
}

function hourAfter(from: number): Interval {
  return { from, to: from + LOST_AFTER_MS };
}

/** Where the events of a fold stand that counts them at their start: the settled part, and what may end after it. */
export function endsOf(window: Interval, { now }: Pick<SignalRequest, 'now'>): Interval {
  return { from: window.from, to: settledUntil(window, now) + LOST_AFTER_MS };
}

/** Length of a window when none is asked for. */
export function defaultLengthMs(window: Window): number {
  if (window.kind === 'range') return window.defaultMs;
  return window.kind === 'rolling' ? window.lengthMs : DAY_MS;
}

/** Why a signal has no time series, if it has none. */
export function seriesObstacle(signal: Signal): string | undefined {
  for (const { span = 'window', aggregate, instant, unlessRunHas } of foldsOf(signal.value)) {
    if (instant === 'start') return 'a run counts where it began, and only a window knows that';
    if (unlessRunHas !== undefined) return 'whether a run goes on, only the end of a window knows';
    if (span !== 'window' && span !== 'settled') return 'it compares calendar days';
    if (aggregate === 'gaps') return 'a gap between two steps belongs to neither';
  }
  return signal.window.kind === 'range' ? undefined : 'its window is fixed';
}

/** Why a rule cannot read a signal over the calendar day so far, if it cannot. */
export function dayObstacle(signal: Signal): string | undefined {
  const isOfRuns = foldsOf(signal.value).some(
    ({ instant, unlessRunHas }) => instant === 'start' || unlessRunHas !== undefined,
  );
  return isOfRuns ? 'a run counts where it began, and no calendar day can be asked for that' : undefined;
}
