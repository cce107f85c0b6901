// What a running server has to close: the last that was opened is closed first.

export type Close = () => Promise<void>;

export class Closers {
  readonly #closers: Close[] = [];
  #closed: Promise<void> | undefined;

  /** Closed before all that was given before it. */
  add(close: Close): void {
    this.#closers.unshift(close);
  }

  /** Once, and everything, whatever goes wrong. Throws what went wrong first. */
  close(): Promise<void> {
    return (this.#closed ??= this.#closeAll());
  }

  async #closeAll(): Promise<void> {
    const faults: unknown[] = [];
    for (const close of this.#closers) await close().catch((error: unknown) => faults.push(error));
    if (faults.length > 0) throw faults[0];
  }
}
