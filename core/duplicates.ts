// Duplicates: records that tell of a response another record has told of before.

import type { EventRecord } from './event.ts';

/**
 * Marks the duplicates among the events: of the model calls with one `gen_ai.response.id`, one stays unmarked;
 * the first that has a cost, or the first where none has. Events without a response id are never duplicates.
 */
export function markDuplicates(events: readonly EventRecord[]): EventRecord[] {
  const keptById = new Map<string, EventRecord>();
  for (const event of events) {
    const id = responseIdOf(event);
    if (id === undefined) continue;
    const kept = keptById.get(id);
    if (!kept || (!hasCost(kept) && hasCost(event))) keptById.set(id, event);
  }
  return events.map((event) => {
    const id = responseIdOf(event);
    return id === undefined || keptById.get(id) === event ? event : { ...event, 'tallyspan.duplicate': true };
  });
}

function responseIdOf(event: EventRecord): string | undefined {
  if (event['event.name'] !== 'agent.model_call' || event['tallyspan.duplicate'] === true) return undefined;
  return event['gen_ai.response.id'] || undefined;
}

function hasCost(event: EventRecord): boolean {
  return event.cost_nano_usd !== undefined;
}
