// Thread copies: what the threads that this one starts have recorded, in memory that they share with it. When one of them
// ends, what it had not delivered is delivered here. A record that arrives twice has one number, and counts once.

import { dirname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { guarded } from '../process/guard.ts';
import { ChannelEnd, type CopiesHeard, type CopyMessage } from './copy-channel.ts';
import { takeCopies, type Request } from './copy-memory.ts';
import { MAX_BATCH_WEIGHT } from './delivery.ts';
import type { SignalKind } from './otlp.ts';

/** Where delivery goes on. */
export interface Deliveries {
  /** Of the service at its endpoint. */
  readonly folder: string;
  takeOver(kind: SignalKind, bytes: Uint8Array, count: number): void;
}

/** The copies of the threads that this one starts. */
export class ThreadCopies {
  readonly #deliveries: Deliveries;
  readonly #onEnd: (journal: string) => void;
  readonly #threads = new Set<CopiesOfThread>();

  /** @param onEnd told the journal of a thread that has ended, once its copies are on their way */
  constructor(deliveries: Deliveries, onEnd: (journal: string) => void) {
    this.#deliveries = deliveries;
    this.#onEnd = onEnd;
    process.on(
      'worker',
      guarded('copies', (worker: Worker) => {
        const thread = new CopiesOfThread(worker.threadId, deliveries.folder);
        this.#threads.add(thread);
        worker.once(
          'exit',
          guarded('copies', () => {
            this.#end(thread);
          }),
        );
      }),
    );
  }

  /** Delivers what the threads have not. */
  takeOver(): void {
    for (const thread of this.#threads) this.#takeOver(thread);
  }

  /** The process goes, and its threads with it. */
  endAll(): void {
    for (const thread of this.#threads) this.#end(thread);
  }

  #end(thread: CopiesOfThread): void {
    if (!this.#threads.delete(thread)) return;
    this.#takeOver(thread);
    thread.close();
    if (thread.journal !== undefined) this.#onEnd(thread.journal);
  }

  #takeOver(thread: CopiesOfThread): void {
    const copies = thread.take();
    for (const kind of ['traces', 'logs'] as const)
      for (const { bytes, count } of joinRequests(copies.filter((copy) => copy.kind === kind)))
        this.#deliveries.takeOver(kind, bytes, count);
  }
}

class CopiesOfThread {
  readonly #thread: ChannelEnd<CopiesHeard, CopyMessage>;
  readonly #folder: string;
  readonly #memory = new Map<number, SharedArrayBuffer>();
  /** Journal of the thread; `undefined` while it has recorded nothing for the same service and endpoint. */
  journal: string | undefined;

  /** @param folder of the service at its endpoint: what goes elsewhere is not taken */
  constructor(id: number, folder: string) {
    this.#folder = folder;
    this.#thread = new ChannelEnd(id, (message) => {
      this.#hear(message);
    });
  }

  #hear({ journal, added, freed }: CopyMessage): void {
    if (dirname(journal) !== this.#folder) return;
    if (this.journal === undefined) this.#thread.send({ isHeard: true });
    this.journal = journal;
    for (const [number, memory] of added) this.#memory.set(number, memory);
    if (freed !== undefined) this.#memory.delete(freed);
  }

  /** What the thread has not delivered, and nobody took yet. */
  take(): readonly Request[] {
    this.#thread.hear();
    return [...this.#memory.values()].flatMap((memory) => takeCopies(memory));
  }

  close(): void {
    this.#thread.close();
  }
}

/** As few as may be sent at once. Protobuf: messages that follow one another are one, with the records of all. */
function joinRequests(requests: readonly Request[]): Omit<Request, 'kind'>[] {
  const joined: { bytes: Uint8Array; count: number }[] = [];
  let parts: Request[] = [];
  let weight = 0;
  const close = (): void => {
    if (parts.length === 0) return;
    const count = parts.reduce((sum, part) => sum + part.count, 0);
    joined.push({ bytes: Buffer.concat(parts.map(({ bytes }) => bytes)), count });
    parts = [];
    weight = 0;
  };
  for (const request of requests) {
    if (weight + request.bytes.byteLength > MAX_BATCH_WEIGHT) close();
    parts.push(request);
    weight += request.bytes.byteLength;
  }
  close();
  return joined;
}
