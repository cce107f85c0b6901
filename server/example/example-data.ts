// Example data: what an empty server shows to who wants to see the pages before there is data of one's own. It is a server
// of its own in a temporary folder, so that no sum ever holds both, its alerts reach nobody, and removing it leaves nothing.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { generateHistory } from './history/generate-history.ts';

/** Of the server of the example, what is needed here. */
export interface ExampleServer {
  readonly uiUrl: string;
  appendEvents(events: readonly EventRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** The week before is there to compare with. */
const DAYS = 8;
const SEED = 1;
/** Of the runs of the demo: made while somebody waits. */
const SHARE = 0.3;
/** Events that are stored at once. */
const EVENTS_AT_ONCE = 5000;

export class ExampleData {
  readonly #startServer: (dataDir: string) => Promise<ExampleServer>;
  #starting: Promise<void> | undefined;
  #running: { readonly server: ExampleServer; readonly dataDir: string } | undefined;

  constructor(startServer: (dataDir: string) => Promise<ExampleServer>) {
    this.#startServer = startServer;
  }

  /** Address of its pages on this machine; undefined while there is none. */
  get url(): string | undefined {
    return this.#running?.server.uiUrl;
  }

  /** Resolves when it can be looked at; who asks meanwhile waits for the same. */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    this.#starting ??= this.#fill().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  /** Ends it and deletes its folder. */
  async remove(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await running.server.close();
    await rm(running.dataDir, { recursive: true, force: true });
  }

  async #fill(): Promise<void> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tallyspan-example-'));
    try {
      const server = await this.#startServer(dataDir);
      try {
        for (const events of inBatches(historyOf(Date.now()))) await server.appendEvents(events);
      } catch (error) {
        await server.close();
        throw error;
      }
      this.#running = { server, dataDir };
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }
}

function historyOf(untilMs: number): Generator<EventRecord[]> {
  return generateHistory({ days: DAYS, untilMs, seed: SEED, share: SHARE });
}

function* inBatches(hours: Iterable<readonly EventRecord[]>): Generator<readonly EventRecord[]> {
  let batch: EventRecord[] = [];
  for (const events of hours) {
    batch.push(...events);
    if (batch.length < EVENTS_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
