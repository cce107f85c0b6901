// Parameters of usage reports: what a report looks at when nothing is asked.

import { expect, test } from '@jest/globals';
import { parseUsageRequest } from '../../../server/questions/usage-params.ts';

const NOW_MS = Date.parse('2026-12-01T15:20:00Z');

test.each([
  ['daily', 'UTC', '2026-11-01T00:00:00.000Z'],
  ['daily', 'Asia/Kolkata', '2026-10-31T18:30:00.000Z'],
  ['weekly', 'UTC', '2026-09-07T00:00:00.000Z'],
  ['monthly', 'Europe/Berlin', '2025-10-31T23:00:00.000Z'],
] as const)('%s in %s begins with a whole period', (kind, timezone, begin) => {
  const { since } = parseUsageRequest({ kind, timezone }, NOW_MS, 'UTC');
  // What is after `since` belongs to the report.
  expect(new Date(since + 1).toISOString()).toBe(begin);
});
