// The steps of a series: the hours or days that cover its window. Each becomes a point of the answer, whether or not
// anything happened in it, so there is a limit to them.

import { formatCount } from '../../../core/text/format.ts';
import { DAY_MS, HOUR_MS, stepStarts, type Step } from '../../../core/time/time.ts';
import { SignalError, type Signal, type SignalRequest } from '../../../signals/signal.ts';
import { windowOf } from '../../../signals/spans.ts';

/** Eleven years of days, or half a year of hours. */
const MOST_STEPS = 4_100;

const STEP_MS: Readonly<Record<Step, number>> = { hour: HOUR_MS, day: DAY_MS };

/** Starts of the steps, ascending. @throws SignalError when there are too many */
export function seriesStarts(
  signal: Signal,
  request: Omit<SignalRequest, 'by'> & { readonly step: Step },
): number[] {
  const { step, timezone } = request;
  const window = windowOf(signal, request);
  const steps = Math.ceil((window.to - window.from) / STEP_MS[step]);
  if (steps > MOST_STEPS)
    throw new SignalError(
      `the time from ${dateText(window.from)} to ${dateText(window.to)} has ${formatCount(steps)} ${step}s, and at most ${formatCount(MOST_STEPS)} are shown. Choose a shorter time.`,
    );
  return stepStarts(window, step, timezone);
}

function dateText(atMs: number): string {
  return new Date(atMs).toISOString().replace(/T.*/, '');
}
