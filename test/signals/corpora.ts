// The corpora that the agreement tests use.

import type { Choice } from '../../signals/choice.ts';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, HOUR_MS, startOfDate } from '../../core/time/time.ts';
import { generateCorpus } from '../fixtures/corpus.ts';

/** End of the fixed corpus. Its 35 days hold the autumn clock changes of Europe and of America. */
export const FIXED_TO = Date.parse('2026-11-05T14:30:00Z');
export const FIXED_DAYS = 35;
export const FIXED_SERVICES = ['shop', 'desk'] as const;

/** Zones with and without clock changes, east and west, and with a half hour. */
export const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'] as const;

/** 35 days up to a fixed instant, with events on and beside the edges of the windows and days asked for. */
export function fixedCorpus(): EventRecord[] {
  const edges = [HOUR_MS, DAY_MS, 7 * DAY_MS, 14 * DAY_MS].map((length) => FIXED_TO - length);
  const lastDate = Math.floor(FIXED_TO / DAY_MS);
  for (let date = lastDate - FIXED_DAYS; date <= lastDate; date++) {
    edges.push(...ZONES.map((zone) => startOfDate(date, zone)));
  }
  return generateCorpus({
    seed: 20_261_105,
    to: FIXED_TO,
    days: FIXED_DAYS,
    runsPerDay: 20,
    services: FIXED_SERVICES,
    edges: [...edges, FIXED_TO].sort((a, b) => a - b),
  });
}

const HALF_HOUR_MS = HOUR_MS / 2;
const QUIET_MS = 4 * 60_000;

/**
 * Ten days up to five minutes before now. Queries that read the clock are asked a little later than the corpus is
 * made, so no event is near now, nor near the same minute of any hour or half hour before it.
 */
export function liveCorpus(now: number, services: readonly string[]): EventRecord[] {
  return generateCorpus({
    seed: 7,
    to: now - 5 * 60_000,
    days: 10,
    runsPerDay: 60,
    services,
    isAllowed: (atMs) => {
      const apart = (now - atMs) % HALF_HOUR_MS;
      return Math.min(apart, HALF_HOUR_MS - apart) > QUIET_MS;
    },
  });
}

/** Users of the corpora, and none: one, several, all but some; some events have no user. */
export const USER_CHOICES: readonly Choice[] = [
  'a|b.*',
  { any: ['user-1', 'a|b.*', 'Zoë "Q" (x)', 'nobody'] },
  { none: ['a|b.*', 'user-1'] },
  { any: ['user-1', 'user-2'], none: ['user-2'] },
];
