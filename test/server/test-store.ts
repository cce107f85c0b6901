// A store in a folder of its own, without a server.

import { rm } from 'node:fs/promises';
import { openDatabase, type Database } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { makeDataDir } from './data-dir.ts';

export interface TestStore {
  readonly dataDir: string;
  readonly database: Database;
  readonly store: EventStore;
}

/** Opens a store; the folder is a new one unless given. */
export async function openTestStore(folder?: string): Promise<TestStore> {
  const dataDir = folder ?? (await makeDataDir());
  const database = await openDatabase(dataDir);
  return { dataDir, database, store: await EventStore.open(database) };
}

/** Closes the store and removes its folder. */
export async function removeTestStore({
  dataDir,
  database,
}: Pick<TestStore, 'dataDir' | 'database'>): Promise<void> {
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
}
