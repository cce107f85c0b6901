// Reader pool: the connections that questions go through, each with one at a time. A question that finds all of them at
// work waits for its turn.

import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { connect } from './attached-file.ts';

const READERS = 2;
const QUERY_LIMIT_MS = 30_000;

export class ReaderPool {
  readonly #idle: DuckDBConnection[];
  readonly #busy = new Set<DuckDBConnection>();
  readonly #waiting: ((connection: DuckDBConnection) => void)[] = [];
  #waitingForAll: (() => void)[] = [];

  private constructor(connections: DuckDBConnection[]) {
    this.#idle = connections;
  }

  static async open(instance: DuckDBInstance): Promise<ReaderPool> {
    const connections: DuckDBConnection[] = [];
    while (connections.length < READERS) connections.push(await connect(instance));
    return new ReaderPool(connections);
  }

  /** @throws what the work throws; it is interrupted when it takes longer than the limit */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    this.#busy.add(connection);
    const timer = setTimeout(() => connection.interrupt(), QUERY_LIMIT_MS);
    try {
      return await work(connection);
    } finally {
      clearTimeout(timer);
      this.#busy.delete(connection);
      this.#giveBack(connection);
    }
  }

  /** Resolves as soon as nobody is reading. */
  async settle(): Promise<void> {
    if (this.#idle.length < READERS) await new Promise<void>((settled) => this.#waitingForAll.push(settled));
  }

  /** Works while nobody reads; false, and nothing is done, when somebody does. */
  async workIfIdle(work: (connection: DuckDBConnection) => Promise<void>): Promise<boolean> {
    if (this.#idle.length < READERS) return false;
    await this.#workAlone(this.#idle.splice(0), work);
    return true;
  }

  /** Works when the questions that are under way are answered; those that come later wait. */
  async workAlone(work: () => Promise<void>): Promise<void> {
    const connections: DuckDBConnection[] = [];
    while (connections.length < READERS) connections.push(await this.#take());
    await this.#workAlone(connections, work);
  }

  /** Whoever still reads is left behind: its statement would hold up the end of the process. */
  interrupt(): void {
    for (const connection of this.#busy) connection.interrupt();
  }

  close(): void {
    for (const connection of this.#idle) connection.closeSync();
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
    if (this.#idle.length < READERS) return;
    for (const settled of this.#waitingForAll) settled();
    this.#waitingForAll = [];
  }
}
