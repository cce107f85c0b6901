// Own copies: what this thread has recorded and nobody has taken yet, a second time, in memory that it shares with the thread
// that started it. A thread that is terminated has no last word, and whoever waits for its answer terminates it with that.

import { threadId } from 'node:worker_threads';
import { RecordBatch, type EncodedRecord } from '../encode/record-batch.ts';
import { guarded } from '../process/guard.ts';
import { queueMicrotask } from '../process/timers.ts';
import { ChannelEnd, type CopiesHeard, type CopyMessage } from './copy-channel.ts';
import { CopyWriter, type Request } from './copy-memory.ts';
import type { SignalKind } from './otlp.ts';

const TELL_AGAIN_AFTER = 64;

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
  readonly #parent: ChannelEnd<CopyMessage, CopiesHeard>;
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
