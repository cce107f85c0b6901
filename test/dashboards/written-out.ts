// Written out: every record that a Loki was given is in a chunk on its disk, so a query misses none of them.

import { queryLoki } from '../signals/backends.ts';
import { waitUntil } from '../stack/process.ts';
import type { LokiServer } from '../stack/loki.ts';

/** Has Loki write its chunks, and waits until it counts `events` records of the 30 days before `atMs`. */
export async function writeOut(loki: LokiServer, events: number, atMs: number): Promise<void> {
  await fetch(`${loki.url}/flush`, { method: 'POST' });
  // While chunks are being written out, a query may miss some of them.
  await waitUntil(async () => (await countEvents(loki.url, atMs)) === events, {
    what: () => `Loki to have ${events} events`,
    timeoutMs: 60_000,
  });
}

async function countEvents(url: string, atMs: number): Promise<number> {
  const counted = await queryLoki(url, 'sum(count_over_time({event_name=~".+"}[30d]))', atMs);
  return Number(counted[0]?.value[1] ?? 0);
}
