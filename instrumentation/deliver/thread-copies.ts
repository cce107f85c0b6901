// Copies: what a thread has recorded and nobody has taken yet, a second time, in memory that it shares with the thread that
// started it. A thread that is terminated has no last word, and whoever waits for its answer terminates it with that: what
// it had not delivered, the thread that is left delivers. A record that arrives twice has one number, and counts once.

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
import { queueMicrotask } from '../process/timers.ts';
import { CopyWriter, takeCopies, type Request } from './copy-memory.ts';
import { MAX_BATCH_WEIGHT } from './delivery.ts';
import type { SignalKind } from './otlp.ts';

const TELL_AGAIN_AFTER = 64;

/** What a thread tells the one that started it: of memory in which copies are from now on, and none are any more. */
interface Message {
  readonly journal: string;
  /** Each with a number of its own. */
  readonly added: ReadonlyMap<number, SharedArrayBuffer>;
  readonly freed?: number;
}

/** What it hears: copies are looked at when it ends. */
interface Heard {
  readonly isHeard: true;
}

/** Where delivery goes on. */
export interface Deliveries {
  /** Of the service at its endpoint. */
  readonly folder: string;
  takeOver(kind: SignalKind, bytes: Uint8Array, count: number): void;
}

/** One end of the channel between a thread and the one that started it. It holds neither of them. */
class ChannelEnd<Sent, Received> {
  readonly #channel: BroadcastChannel;
  readonly #hear: (message: Received) => void;

  /** @param ofThread number of the thread: no other one of the process has it, and channels do not leave the process */
  constructor(ofThread: number, hear: (message: Received) => void) {
    this.#hear = hear;
    this.#channel = new BroadcastChannel(`tallyspan copies ${String(ofThread)}`);
    this.#channel.addEventListener(
      'message',
      guarded('copies', (event: unknown) => {
        hear((event as { readonly data: Received }).data);
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
      this.#hear((left as { readonly message: Received }).message);
  }

  close(): void {
    this.#channel.close();
  }
}

/** Records of one kind that were made in one step of the thread: they are one copy. */
class OpenCopy {
  /** Records of it. */
  count = 0;
  /** Lets the copy go, once it is written. */
  letGo: (() => void) | undefined;
  /** Records of which nothing was heard yet. */
  #left = 0;

  get isNeeded(): boolean {
    return this.#left > 0;
  }

  /** Counts one more; what is returned is to be told once it is not needed any more. */
  add(): () => void {
    this.count += 1;
    this.#left += 1;
    return () => {
      this.#left -= 1;
      if (this.#left === 0) this.letGo?.();
    };
  }
}

/** The copies of this thread. They are written before its next step. */
export class OwnCopies {
  readonly #journal: string;
  readonly #parent: ChannelEnd<Message, Heard>;
  readonly #beforeCopy: () => void;
  readonly #batches = { traces: new RecordBatch(), logs: new RecordBatch() };
  readonly #open = new Map<SignalKind, OpenCopy>();
  /** By the order in which they were told of; the last one is written to. */
  readonly #writers = new Map<number, CopyWriter>();
  #lastWriter = -1;
  /** Copies since the other end was last told, while it does not answer. */
  #unheard = 0;
  #isHeard = false;

  /**
   * @param journal its path, which says as well where records go
   * @param beforeCopy writes the journal, which has to hold with the copies
   */
  constructor(journal: string, beforeCopy: () => void) {
    this.#journal = journal;
    this.#beforeCopy = beforeCopy;
    this.#parent = new ChannelEnd(threadId, () => {
      this.#isHeard = true;
    });
  }

  /** Whether what is copied will be delivered by the thread that started this one. */
  get areHeard(): boolean {
    this.#write();
    this.#parent.hear();
    return this.#isHeard;
  }

  /** Gives a copy; what is returned lets it go. */
  keep(kind: SignalKind, record: EncodedRecord): () => void {
    if (this.#open.size === 0)
      queueMicrotask(
        guarded('copies', () => {
          this.#write();
        }),
      );
    let open = this.#open.get(kind);
    if (open === undefined) this.#open.set(kind, (open = new OpenCopy()));
    this.#batches[kind].add(record);
    return open.add();
  }

  #write(): void {
    if (this.#open.size === 0) return;
    this.#beforeCopy();
    for (const [kind, open] of this.#open) {
      const bytes = this.#batches[kind].finish();
      if (open.isNeeded) open.letGo = this.#writeRequest({ kind, bytes, count: open.count });
      this.#batches[kind].takeBack(bytes);
    }
    this.#open.clear();
    if (!this.#isHeard) this.#tellAgain();
  }

  #writeRequest(request: Request): () => void {
    let number = this.#lastWriter;
    let letGo = this.#writers.get(number)?.write(request);
    if (letGo === undefined) [number, letGo] = this.#writeAnew(request);
    const done = letGo;
    return () => {
      done();
      if (number === this.#lastWriter || this.#writers.get(number)?.isFree !== true) return;
      this.#writers.delete(number);
      this.#tell([], number);
    };
  }

  #writeAnew(request: Request): [number: number, letGo: () => void] {
    const writer = new CopyWriter(request.bytes.byteLength);
    const letGo = writer.write(request);
    if (letGo === undefined) throw new Error('no room for a copy');
    this.#lastWriter += 1;
    this.#writers.set(this.#lastWriter, writer);
    this.#tell([[this.#lastWriter, writer]]);
    return [this.#lastWriter, letGo];
  }

  /** The other end may have been too busy to listen. */
  #tellAgain(): void {
    this.#unheard += 1;
    if (this.#unheard < TELL_AGAIN_AFTER) return;
    this.#unheard = 0;
    this.#tell([...this.#writers]);
  }

  #tell(writers: readonly (readonly [number: number, writer: CopyWriter])[], freed?: number): void {
    const added = new Map(writers.map(([number, { memory }]) => [number, memory]));
    this.#parent.send({ journal: this.#journal, added, ...(freed === undefined ? {} : { freed }) });
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
    for (const kind of ['traces', 'logs'] as const)
      for (const { bytes, count } of joinRequests(copies.filter((copy) => copy.kind === kind)))
        this.#deliveries.takeOver(kind, bytes, count);
  }
}

class CopiesOfThread {
  readonly #thread: ChannelEnd<Heard, Message>;
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

  #hear({ journal, added, freed }: Message): void {
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
