// Copies: what a thread has recorded and nobody has taken yet, a second time, with the thread that started it. A thread that
// is terminated has no last word, and whoever waits for its answer terminates it with that: what it had not delivered, the
// thread that is left delivers. A record that arrives twice has one number, and counts once.

import { dirname } from 'node:path';
import {
  BroadcastChannel,
  receiveMessageOnPort,
  threadId,
  type MessagePort,
  type Worker,
} from 'node:worker_threads';
import { RecordBatch, type EncodedRecord } from '../encode/record-batch.ts';
import { guarded } from '../process/guard.ts';
import { MAX_BATCH, MAX_BATCH_WEIGHT } from './delivery.ts';
import type { SignalKind } from './otlp.ts';

/** A thread that is busy takes no copies; a thread makes so many more at most than were taken. */
const MAX_AHEAD = 4_096;
/** How many are taken before that is said; the first is said at once. */
const SAID_EACH = 256;

interface Copy {
  readonly kind: SignalKind;
  /** A request with one record. */
  readonly bytes: Uint8Array;
}

/** What a thread tells the one that started it. */
type Message =
  | (Copy & { readonly id: number; readonly journal: string })
  /** The record is stored, or in the spool. */
  | { readonly safe: number };

/** What it hears. */
interface Taken {
  readonly taken: number;
}

/** Where delivery goes on. */
export interface Deliveries {
  /** Of the service at its endpoint. */
  readonly folder: string;
  takeOver(kind: SignalKind, bytes: Uint8Array, count: number): void;
}

/** One end of the channel between a thread and the one that started it. It holds neither of them. */
class ChannelEnd<Sent, Heard> {
  readonly #channel: BroadcastChannel;
  readonly #hear: (message: Heard) => void;

  /** @param ofThread number of the thread: no other one of the process has it, and channels do not leave the process */
  constructor(ofThread: number, hear: (message: Heard) => void) {
    this.#hear = hear;
    this.#channel = new BroadcastChannel(`tallyspan copies ${String(ofThread)}`);
    this.#channel.addEventListener(
      'message',
      guarded('copies', (event: unknown) => {
        hear((event as { readonly data: Heard }).data);
      }),
    );
    this.#channel.unref();
  }

  send(message: Sent): void {
    // It has no window.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#channel.postMessage(message);
  }

  /** Hears at once what was sent until now, whether its sender is still there or not. */
  hear(): void {
    // Node takes its channels here, too; its types do not say so.
    const port = this.#channel as unknown as MessagePort;
    for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port))
      this.#hear((left as { readonly message: Heard }).message);
  }

  close(): void {
    this.#channel.close();
  }
}

/** The copies of this thread. */
export class OwnCopies {
  readonly #journal: string;
  readonly #parent: ChannelEnd<Message, Taken>;
  readonly #batch = new RecordBatch();
  #serial = 0;
  /** How many more were made than taken. */
  #ahead = 0;
  #isWhole = true;
  #isHeard = false;

  /** @param journal its path, which says as well where records go */
  constructor(journal: string) {
    this.#journal = journal;
    this.#parent = new ChannelEnd(threadId, ({ taken }) => {
      this.#ahead -= taken;
      this.#isHeard = true;
    });
  }

  /** Whether one more would be taken some time, as far as is known. */
  get hasRoom(): boolean {
    const hasRoom = this.#ahead < MAX_AHEAD;
    this.#isWhole &&= hasRoom;
    return hasRoom;
  }

  /** Whether all was copied, and will be delivered by the thread that started this one. */
  get areTaken(): boolean {
    this.#parent.hear();
    return this.#isWhole && this.#isHeard;
  }

  /** Gives a copy; what is returned lets it go. */
  keep(kind: SignalKind, record: EncodedRecord): () => void {
    this.#ahead += 1;
    const id = (this.#serial += 1);
    this.#batch.add(record);
    const request = this.#batch.finish();
    // A view would take the whole memory behind it along.
    const bytes = new Uint8Array(request);
    this.#batch.takeBack(request);
    this.#parent.send({ id, kind, bytes, journal: this.#journal });
    return () => {
      this.#parent.send({ safe: id });
    };
  }
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
    for (const kind of ['traces', 'logs'] as const) {
      const requests = copies.filter((copy) => copy.kind === kind).map(({ bytes }) => bytes);
      for (const some of batchesOf(requests))
        // Protobuf: messages that follow one another are one, with the records of all.
        this.#deliveries.takeOver(kind, Buffer.concat(some), some.length);
    }
  }
}

class CopiesOfThread {
  readonly #thread: ChannelEnd<Taken, Message>;
  readonly #folder: string;
  readonly #copies = new Map<number, Copy>();
  #taken = 0;
  /** Journal of the thread; `undefined` while it has recorded nothing for the same service and endpoint. */
  journal: string | undefined;

  /** @param folder of the service at its endpoint: what goes elsewhere is not taken */
  constructor(id: number, folder: string) {
    this.#folder = folder;
    this.#thread = new ChannelEnd(id, (message) => {
      this.#hear(message);
    });
  }

  #hear(message: Message): void {
    if ('safe' in message) {
      this.#copies.delete(message.safe);
      return;
    }
    const { id, kind, bytes, journal } = message;
    if (dirname(journal) !== this.#folder) return;
    const isFirst = this.journal === undefined;
    this.#copies.set(id, { kind, bytes });
    this.journal = journal;
    this.#taken += 1;
    if (this.#taken < SAID_EACH && !isFirst) return;
    this.#thread.send({ taken: this.#taken });
    this.#taken = 0;
  }

  /** What is not safe, and nobody took yet. */
  take(): readonly Copy[] {
    this.#thread.hear();
    const copies = [...this.#copies.values()];
    this.#copies.clear();
    return copies;
  }

  close(): void {
    this.#thread.close();
  }
}

function batchesOf(requests: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  let batch: Uint8Array[] = [];
  let weight = 0;
  for (const request of requests) {
    if (batch.length >= MAX_BATCH || weight + request.byteLength > MAX_BATCH_WEIGHT) batch = [];
    if (batch.length === 0) {
      batches.push(batch);
      weight = 0;
    }
    batch.push(request);
    weight += request.byteLength;
  }
  return batches;
}
