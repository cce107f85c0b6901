// Appends finished events to a data folder that no server has open. The store does it as for a sender;
// nothing listens meanwhile, and neither alerts nor retention are touched.

import type { EventRecord } from '../core/event.ts';
import { openDatabase } from './store/database.ts';
import { EventStore } from './store/event-store.ts';

/**
 * Resolves when the events are on disk. An event that is stored already is not stored again.
 * @throws ServerError when the folder is in use or cannot be written
 */
export async function appendEvents(dataDir: string, events: readonly EventRecord[]): Promise<void> {
  const database = await openDatabase(dataDir);
  try {
    const store = await EventStore.open(database);
    await store.write({ events, spans: [] });
  } finally {
    await database.close();
  }
}
