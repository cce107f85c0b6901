// Noon: a zone in which it is about midday, so that no midnight falls between two readings of a clock.

import { DAY_MS, HOUR_MS, offsetAt } from '../../../core/time/time.ts';

/** Around the earth in whole hours; Loki, the store and this program know all of them. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Asia/Dubai',
  'Asia/Karachi',
  'Asia/Bangkok',
  'Asia/Tokyo',
  'Pacific/Noumea',
  'Pacific/Honolulu',
  'America/Los_Angeles',
  'America/Chicago',
  'America/New_York',
  'America/Sao_Paulo',
] as const;

/** The zones, the one nearest to its midday first. */
export function zonesByNoon(now: number): string[] {
  const fromNoonMs = (zone: string): number => {
    const local = (((now + offsetAt(now, zone)) % DAY_MS) + DAY_MS) % DAY_MS;
    return Math.abs(local - 12 * HOUR_MS);
  };
  return ZONES.toSorted((a, b) => fromNoonMs(a) - fromNoonMs(b));
}

/** The zone in which it is nearest to midday. */
export function zoneNearNoon(now: number): string {
  return zonesByNoon(now)[0] ?? 'UTC';
}
