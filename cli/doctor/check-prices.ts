// The age of the price table: prices change about once a month.

import { PRICE_TABLE_VERSION } from '../../core/pricing/cost.ts';
import { formatCountOf } from '../../core/text/format.ts';
import type { DoctorFinding } from './finding.ts';

const DAY_MS = 86_400_000;
const OLD_AFTER_DAYS = 60;

export function checkPriceAge(nowMs: number): DoctorFinding {
  const ageDays = Math.floor((nowMs - Date.parse(PRICE_TABLE_VERSION.slice(0, 10))) / DAY_MS);
  const what = `price table ${PRICE_TABLE_VERSION}, ${formatCountOf(ageDays, 'day')} old`;
  if (ageDays < 0) {
    return {
      check: 'clock',
      verdict: 'warn',
      what: `the clock is before the price table of ${PRICE_TABLE_VERSION}`,
      advice: 'Set the clock: prices are chosen by the date of the call.',
    };
  }
  return ageDays <= OLD_AFTER_DAYS
    ? { check: 'prices', verdict: 'ok', what }
    : { check: 'prices', verdict: 'warn', what, advice: 'Upgrade tallyspan and @tallyspan/node.' };
}
