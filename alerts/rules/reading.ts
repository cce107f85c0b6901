// Readings from signal results: what a signal answers, as one value per group of a rule.

import { dayOf, type Interval } from '../../core/time/time.ts';
import type { SignalResult } from '../../signals/result.ts';
import type { SignalRequest as SignalQuestion } from '../../signals/signal.ts';
import type { Reading, RuleReadingRequest } from './judgement.ts';
import { windowLengthMs, type RuleWindow } from './rule.ts';

/** The stretch `(from, to]` that a window of a rule covers at a moment. */
export function intervalOf(window: RuleWindow, atMs: number, timezone: string): Interval {
  const from = window === 'day' ? dayOf(atMs, timezone).from : atMs - windowLengthMs(window);
  return { from, to: atMs };
}

/** What a rule asks, in the words of signals. */
export function questionOf(request: RuleReadingRequest, timezone: string): SignalQuestion {
  const { from, to } = intervalOf(request.window, request.atMs, timezone);
  const { by, where } = request;
  return { from, to, timezone, now: to, ...(by && { by }), ...(where && { where }) };
}

/** The answer as a reading. Events that carry no value of the dimension belong to no group. */
export function readingOfResult(result: SignalResult): Reading {
  if (!('groups' in result)) return new Map([['', result.value]]);
  return new Map(
    result.groups.flatMap(({ by, value }) => {
      const [key] = Object.values(by);
      return key === null || key === undefined || key === '' ? [] : [[key, value] as const];
    }),
  );
}
