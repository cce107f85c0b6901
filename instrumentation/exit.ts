// The end of the process: flush when it has no work left or is asked to end, put aside what is left at
// exit, and leave the course of the end as it would have been without us.

import { listenBeforeExit } from './process/before-exit.ts';
import { guard, guardAsync, guarded } from './process/guard.ts';
import type { Pipeline } from './deliver/pipeline.ts';
import { monotonicMs } from './process/timers.ts';

/** What the end of the process may wait for delivery. */
const FLUSH_MS = 2_000;
/** Timers may fire so much before their time. */
const EARLY_MS = 20;
/** An end that is longer ago was none: the process went on. */
const FORGET_MS = 10_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface Recorders {
  /** Ends what was left half done, because no work is left in the process. */
  endLeft(): void;
  /** Ends everything, because the process goes. */
  endAll(errorType: string | undefined): void;
  /** Whether others wait for something that this process does not use. */
  holdsUnused(): boolean;
  /** Gives it back. */
  giveBack(): Promise<void>;
  /** Takes over what threads have not delivered: they go with the process. */
  endThreads(): void;
  /** Synchronous writes: journal and daily file. */
  write(): void;
  /** The last word: what was seen of the process. */
  report(): void;
}

export function handleExit(pipeline: Pipeline, recorders: Recorders): void {
  const lastFlush = new LastFlush(pipeline);
  let uncaught: string | undefined;
  const finish = async (): Promise<void> => {
    const givenBack = guardAsync('give back', () => recorders.giveBack());
    await lastFlush.flushOrSetAside();
    await givenBack;
  };

  listenBeforeExit(() => {
    guard('end left', () => {
      recorders.endLeft();
    });
    const isDone = pipeline.waiting === 0 && !recorders.holdsUnused();
    return isDone ? undefined : finish;
  });

  process.on(
    'uncaughtExceptionMonitor',
    guarded('uncaught', (error: unknown) => {
      uncaught = 'uncaught';
      if (error instanceof Error) uncaught = error.name;
    }),
  );

  process.on(
    'exit',
    guarded('exit', () => {
      guard('end all', () => {
        recorders.endAll(uncaught);
      });
      guard('write', () => {
        recorders.write();
      });
      guard('end threads', () => {
        recorders.endThreads();
      });
      pipeline.setAside();
      // What is in the spool now need not stay in the journal.
      guard('write', () => {
        recorders.write();
      });
      guard('report', () => {
        recorders.report();
      });
    }),
  );

  for (const signal of SIGNALS) {
    const onSignal = guarded('signal', async (_name: unknown, number: unknown) => {
      // Emitted by the program: it ends nothing. Node gives the number, too.
      if (typeof number !== 'number') return;
      const isOurs = process.listenerCount(signal) === 1;
      guard('signal', () => {
        if (isOurs) recorders.endAll(undefined);
        recorders.write();
      });
      await finish();
      // Other listeners decide about the process; without them the signal ends it, as it would have.
      if (!isOurs) return;
      guard('signal', () => {
        recorders.endThreads();
        if (pipeline.waiting > 0) pipeline.setAside();
        recorders.write();
      });
      process.removeListener(signal, onSignal);
      process.kill(process.pid, signal);
    });
    process.on(signal, onSignal);
  }
}

/** The flush at the end. However often and for whatever reason it is asked for, it takes its time once. */
class LastFlush {
  readonly #pipeline: Pipeline;
  #running: Promise<void> | undefined;
  #leftMs = FLUSH_MS;
  #endedMs = -Infinity;

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** Ends with nothing waiting; never rejects. */
  async flushOrSetAside(): Promise<void> {
    this.#running ??= this.#run();
    await this.#running;
  }

  async #run(): Promise<void> {
    const startMs = monotonicMs();
    if (startMs - this.#endedMs > FORGET_MS) this.#leftMs = FLUSH_MS;
    await guardAsync('flush', () => this.#pipeline.flush(this.#leftMs));
    this.#endedMs = monotonicMs();
    const wasUsedUp = this.#endedMs - startMs >= this.#leftMs - EARLY_MS;
    this.#leftMs = Math.max(0, this.#leftMs - (this.#endedMs - startMs));
    this.#running = undefined;
    guard('set aside', () => {
      if (this.#pipeline.waiting === 0) return;
      const { lastReason } = this.#pipeline;
      // Else it was recorded meanwhile: the program does its last work as the process ends.
      const isLate = wasUsedUp && this.#pipeline.isUnanswered;
      this.#pipeline.setAside(lastReason ?? (isLate ? 'no answer in time' : undefined));
    });
  }
}
