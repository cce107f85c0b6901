// Reader pool: the connections that questions go through, each with one at a time. A question that finds all of them at
// work waits for its turn. Who reads for long, such as a backup, has a connection beside them: one at a time, for as long
// as it takes or until it is given up, and no question waits for it.

import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { LONG_MEMORY_SQL, connect, isOutOfMemory, setUsualMemory } from './attached-file.ts';

const READERS = 2;
const INTERRUPT_AGAIN_MS = 50;
const QUERY_LIMIT_MS = 30_000;
/** Who would read for long and waits for its turn. */
const LONG_WAITING_LIMIT = 4;

/** Too many would read for long; try again later. */
export class ReadersBusyError extends Error {
  override readonly name = 'ReadersBusyError';
  readonly statusCode = 503;
}

/** A connection for somebody who reads for long. */
export interface LongReader {
  /** @throws what the work throws; it is interrupted when it is given up */
  use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** Lets the next one have its turn. */
  end(): void;
}

export class ReaderPool {
  readonly #idle: DuckDBConnection[];
  readonly #busy = new Map<DuckDBConnection, Promise<unknown>>();
  readonly #waiting: ((connection: DuckDBConnection) => void)[] = [];
  #waitingForAll: (() => void)[] = [];
  readonly #instance: DuckDBInstance;
  readonly #longWaiting: (() => void)[] = [];
  #hasLongReader = false;
  /** Questions that have more memory than usual. */
  #withMore = 0;
  /** Work of the one who reads for long. */
  #longWork: { readonly connection: DuckDBConnection; readonly ended: Promise<unknown> } | undefined;
  #isClosed = false;

  private constructor(instance: DuckDBInstance, connections: DuckDBConnection[]) {
    this.#instance = instance;
    this.#idle = connections;
  }

  static async open(instance: DuckDBInstance): Promise<ReaderPool> {
    const connections: DuckDBConnection[] = [];
    while (connections.length < READERS) connections.push(await connect(instance));
    return new ReaderPool(instance, connections);
  }

  /**
   * Work that fails for want of memory, as others need it just then, is done once more with more of it where it `canRepeat`
   * by then.
   * @throws what the work throws; it is interrupted when it takes longer than the limit
   */
  async use<T>(
    work: (connection: DuckDBConnection) => Promise<T>,
    canRepeat: () => boolean = () => false,
  ): Promise<T> {
    const connection = await this.#take();
    const working = this.#workAgain(connection, work, canRepeat);
    this.#busy.set(connection, working);
    const timer = setTimeout(() => interruptUntilEnd(connection, working), QUERY_LIMIT_MS);
    try {
      return await working;
    } finally {
      clearTimeout(timer);
      this.#busy.delete(connection);
      this.#giveBack(connection);
    }
  }

  async #workAgain<T>(
    connection: DuckDBConnection,
    work: (connection: DuckDBConnection) => Promise<T>,
    canRepeat: () => boolean,
  ): Promise<T> {
    try {
      return await work(connection);
    } catch (error) {
      if (!isOutOfMemory(error) || this.#isClosed || !canRepeat()) throw error;
    }
    this.#withMore++;
    try {
      await connection.run(LONG_MEMORY_SQL);
      return await work(connection);
    } finally {
      this.#withMore--;
      if (this.hasUsualMemory) await setUsualMemory(connection).catch(() => undefined);
    }
  }

  /** Whether nobody reads with more memory than is usual. */
  get hasUsualMemory(): boolean {
    return this.#withMore === 0 && !this.#hasLongReader;
  }

  /** Resolves as soon as nobody is reading. */
  async settle(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((settled) => this.#waitingForAll.push(settled));
  }

  /** Works while nobody reads; false, and nothing is done, when somebody does. */
  async workIfIdle(work: (connection: DuckDBConnection) => Promise<void>): Promise<boolean> {
    if (!this.#isIdle()) return false;
    await this.#workAlone(this.#idle.splice(0), work);
    return true;
  }

  /** Works when the questions that are under way are answered; those that come later wait. */
  async workAlone(work: () => Promise<void>): Promise<void> {
    const connections: DuckDBConnection[] = [];
    while (connections.length < READERS) connections.push(await this.#take());
    // It would hold up everybody.
    this.#interruptLongWork();
    await this.#longWork?.ended;
    await this.#workAlone(connections, work);
  }

  /** Whoever still reads is left behind: its statement would hold up the end of the process. */
  interrupt(): void {
    this.#isClosed = true;
    for (const [connection, working] of this.#busy) interruptUntilEnd(connection, working);
    this.#interruptLongWork();
  }

  #interruptLongWork(): void {
    if (this.#longWork !== undefined) interruptUntilEnd(this.#longWork.connection, this.#longWork.ended);
  }

  close(): void {
    for (const connection of this.#idle) connection.closeSync();
  }

  /**
   * Waits for the turn of somebody who reads for long; `signal` gives it up, at any time.
   * @throws ReadersBusyError when too many wait, or what the signal says
   */
  async readLong(signal: AbortSignal): Promise<LongReader> {
    await this.#takeTurn(signal);
    const connection = await connect(this.#instance).catch((error: unknown) => {
      this.#passTurn();
      throw error;
    });
    const interrupt = (): void => this.#interruptLongWork();
    signal.addEventListener('abort', interrupt);
    // Wide rows with long texts, written as one file, need more than questions do.
    await connection.run(LONG_MEMORY_SQL).catch(() => undefined);
    let isEnded = false;
    return {
      use: async (work) => {
        signal.throwIfAborted();
        if (this.#isClosed) throw new Error('the server stops');
        const working = work(connection);
        const ended = working.catch(() => undefined);
        this.#longWork = { connection, ended };
        try {
          return await working;
        } finally {
          this.#longWork = undefined;
          this.#noteIdle();
        }
      },
      end: () => {
        if (isEnded) return;
        isEnded = true;
        signal.removeEventListener('abort', interrupt);
        const restored = setUsualMemory(connection).catch(() => undefined);
        void restored.then(() => connection.closeSync());
        this.#passTurn();
      },
    };
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#hasLongReader) {
      this.#hasLongReader = true;
      return;
    }
    if (this.#longWaiting.length >= LONG_WAITING_LIMIT)
      throw new ReadersBusyError('other exports or backups are under way: try again when they are done');
    await new Promise<void>((granted, failed) => {
      const grant = (): void => {
        signal.removeEventListener('abort', leave);
        granted();
      };
      const leave = (): void => {
        this.#longWaiting.splice(this.#longWaiting.indexOf(grant), 1);
        failed(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#longWaiting.push(grant);
    });
  }

  #passTurn(): void {
    const next = this.#longWaiting.shift();
    if (next === undefined) this.#hasLongReader = false;
    else next();
  }

  #isIdle(): boolean {
    return this.#idle.length === READERS && this.#longWork === undefined;
  }

  #noteIdle(): void {
    if (!this.#isIdle()) return;
    for (const settled of this.#waitingForAll) settled();
    this.#waitingForAll = [];
  }

  async #workAlone(
    connections: readonly DuckDBConnection[],
    work: (connection: DuckDBConnection) => Promise<void>,
  ): Promise<void> {
    try {
      await work(connections[0] as DuckDBConnection);
    } finally {
      for (const connection of connections) this.#giveBack(connection);
    }
  }

  async #take(): Promise<DuckDBConnection> {
    return this.#idle.pop() ?? new Promise<DuckDBConnection>((granted) => this.#waiting.push(granted));
  }

  #giveBack(connection: DuckDBConnection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
    this.#noteIdle();
  }
}

/** An interrupt that comes before the statement has begun is lost, so it is repeated until the work has ended. */
function interruptUntilEnd(connection: DuckDBConnection, working: Promise<unknown>): void {
  connection.interrupt();
  const timer = setInterval(() => connection.interrupt(), INTERRUPT_AGAIN_MS);
  const stop = (): void => clearInterval(timer);
  working.then(stop, stop);
}
