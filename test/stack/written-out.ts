// Written out: every record that a Loki was given is in a chunk on its disk, so a query misses none of them.

import type { EventRecord } from '../../core/event.ts';
import { waitUntil } from './process.ts';
import type { LokiServer } from './loki.ts';

const WAIT_LIMIT_MS = 120_000;

/**
 * Has Loki write its chunks, and waits until it counts as many records as there are events, in the time that they
 * span. Its `/flush` answers before the chunks are written, and what is older than some hours is asked only of what
 * is written.
 */
export async function writeOut(loki: LokiServer, events: readonly EventRecord[]): Promise<void> {
  const flushed = await fetch(`${loki.url}/flush`, { method: 'POST' });
  if (!flushed.ok) throw new Error(`Loki answered its flush with ${flushed.status}`);
  let [first, last] = [Infinity, -Infinity];
  for (const { timestamp } of events) [first, last] = [Math.min(first, timestamp), Math.max(last, timestamp)];
  // The window of an instant query is open at its start and closed at its end.
  const spanSeconds = Math.ceil((last - first) / 1000) + 1;
  let counted = 0;
  await waitUntil(
    async () => {
      counted = await loki.queryNumber(`sum(count_over_time({event_name=~".+"}[${spanSeconds}s]))`, last);
      return counted === events.length;
    },
    { what: () => `Loki to have ${events.length} events; it has ${counted}`, timeoutMs: WAIT_LIMIT_MS },
  );
}
