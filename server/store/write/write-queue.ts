// The write queue holds what waits for the writing connection: batches, which are committed in groups, and other works,
// which have their turn between two commits. A group is what came since the last one; as a commit takes nearly as long
// for one batch as for several, it also waits for those who were answered last and send again at once.

/** There is more waiting than may be held; the sender should try again. */
export class StoreBusyError extends Error {
  override readonly name = 'StoreBusyError';
}

const ROWS_PER_GROUP = 10_000;
/** Rows of several senders that are wide are not committed together: the database has little memory. */
const BYTES_PER_GROUP = 16 * 1024 * 1024;
const ROWS_WAITING_LIMIT = 50_000;
/** Senders who are given so much time and have not sent again are not waited for until they do. */
const SEND_AGAIN_MS = 15;

interface Waiting<Batch> {
  readonly batch: Batch;
  readonly rows: number;
  readonly bytes: number;
  stored(): void;
  failed(error: unknown): void;
}

export class WriteQueue<Batch> {
  readonly #commit: (group: readonly Batch[]) => Promise<void>;
  readonly #rowsPerGroup: number;
  #waiting: Waiting<Batch>[] = [];
  readonly #works: (() => Promise<void>)[] = [];
  #rowsWaiting = 0;
  #draining: Promise<void> | undefined;
  /** How many sent at the same time when the last group was taken: each waits for its answer before it sends again. */
  #senders = 0;
  /** When they were answered, milliseconds of the process. */
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #noteArrival = (): void => undefined;

  /** `commit` stores the batches of a group together; when it fails none of them is stored. */
  constructor(commit: (group: readonly Batch[]) => Promise<void>, rowsPerGroup = ROWS_PER_GROUP) {
    this.#commit = commit;
    this.#rowsPerGroup = rowsPerGroup;
  }

  /**
   * Resolves when the batch is committed.
   * @throws StoreBusyError when too much is waiting; whatever the commit threw otherwise
   */
  async write(batch: Batch, rows: number, bytes = 0): Promise<void> {
    if (this.#rowsWaiting > 0 && this.#rowsWaiting + rows > ROWS_WAITING_LIMIT)
      throw new StoreBusyError(`${this.#rowsWaiting} rows wait to be stored; try again`);
    this.#rowsWaiting += rows;
    await new Promise<void>((stored, failed) => {
      this.#waiting.push({ batch, rows, bytes, stored, failed });
      this.#noteArrival();
      this.#draining ??= this.#drain();
    });
  }

  /** Works between two commits. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((done, failed) => {
      this.#works.push(async () => {
        try {
          done(await work());
        } catch (error) {
          failed(error);
        }
      });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async settle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  async #drain(): Promise<void> {
    // Batches that arrive in the same turn of the event loop share the first commit.
    await new Promise<void>((next) => setImmediate(next));
    while (this.#waiting.length > 0 || this.#works.length > 0) {
      await this.#works.shift()?.();
      if (this.#waiting.length === 0) continue;
      await this.#gather();
      await this.#commitGroup(this.#takeGroup());
    }
    this.#draining = undefined;
  }

  /** Waits for those who sent last time, as long as one after the other comes. */
  async #gather(): Promise<void> {
    if (performance.now() > this.#answeredAtMs + SEND_AGAIN_MS) return;
    while (this.#waiting.length < this.#senders && (await this.#arrivesSoon()));
  }

  #arrivesSoon(): Promise<boolean> {
    return new Promise((told) => {
      const timer = setTimeout(told, SEND_AGAIN_MS, false);
      this.#noteArrival = () => {
        clearTimeout(timer);
        this.#noteArrival = () => undefined;
        told(true);
      };
    });
  }

  async #commitGroup(group: readonly Waiting<Batch>[]): Promise<void> {
    this.#senders = group.length + this.#waiting.length;
    try {
      await this.#commit(group.map(({ batch }) => batch));
      for (const waiting of group) waiting.stored();
    } catch (error) {
      for (const waiting of group) waiting.failed(error);
    }
    this.#senders = Math.max(this.#senders, group.length + this.#waiting.length);
    this.#answeredAtMs = performance.now();
  }

  #takeGroup(): Waiting<Batch>[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && rows < this.#rowsPerGroup && bytes < BYTES_PER_GROUP) {
      const next = this.#waiting[count++] as Waiting<Batch>;
      rows += next.rows;
      bytes += next.bytes;
    }
    this.#rowsWaiting -= rows;
    return this.#waiting.splice(0, count);
  }
}
