// Two stored days: yesterday a search tool returned more than the day before.

import type { EventRecord } from '../../core/event.ts';
import { sendEvents, type TestServer } from '../server/harness.ts';
import { generatePeriod, USUAL } from './generate-period.ts';

export const DAY_MS = 86_400_000;
export const DAY_START_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
export const PERIOD = { runs: 20, spacingMs: 3_600_000 };
export const before = generatePeriod({ ...PERIOD, fromMs: DAY_START_MS - DAY_MS });
export const now = generatePeriod({
  ...PERIOD,
  fromMs: DAY_START_MS,
  resultChars: { ...USUAL.resultChars, search_docs: 32_000 },
});

export const stored = [...before, ...now].map((event, index) => ({
  ...event,
  'vcs.ref.head.revision': index < before.length ? 'aaaaaaa1' : 'bbbbbbb2',
  'tallyspan.seq': index + 1,
  'service.instance.id': 'one',
  trace_id: `${index}`.padStart(32, '0'),
  span_id: `${index}`.padStart(16, '0'),
}));

export async function sendAll(to: TestServer, events: readonly EventRecord[]): Promise<void> {
  for (let index = 0; index < events.length; index += 500)
    await sendEvents(to, events.slice(index, index + 500));
}
