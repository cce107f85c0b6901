// The end of the process: flush when it has no work left or is asked to end, put aside what is left at
// exit, and leave the course of the end as it would have been without us.

import { guard } from './process/guard.ts';
import type { Pipeline } from './deliver/pipeline.ts';

/** What the end of the process may wait for delivery. */
const FLUSH_MS = 2_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface Recorders {
  /** Ends what was left half done, because no work is left in the process. */
  endLeft(): void;
  /** Ends everything, because the process goes. */
  endAll(errorType: string | undefined): void;
  /** Synchronous writes: journal and daily file. */
  write(): void;
}

export function handleExit(pipeline: Pipeline, recorders: Recorders): void {
  let uncaught: string | undefined;

  process.on('beforeExit', () => {
    guard('end left', () => {
      recorders.endLeft();
    });
    if (pipeline.waiting === 0) return;
    // Comes again when the flush is over; what could not be sent then goes to the spool.
    void flushOrSetAside(pipeline);
  });

  process.on('uncaughtExceptionMonitor', (error) => {
    uncaught = error instanceof Error ? error.name : 'uncaught';
  });

  process.on('exit', () => {
    guard('exit', () => {
      recorders.endAll(uncaught);
      recorders.write();
      pipeline.setAside();
    });
  });

  for (const signal of SIGNALS) {
    const onSignal = (): void => {
      const isOurs = process.listenerCount(signal) === 1;
      guard('signal', () => {
        if (isOurs) recorders.endAll(undefined);
        recorders.write();
      });
      void flushOrSetAside(pipeline).finally(() => {
        // Other listeners decide about the process; without them the signal ends it, as it would have.
        if (!isOurs) return;
        guard('signal', () => {
          recorders.write();
        });
        process.removeListener(signal, onSignal);
        process.kill(process.pid, signal);
      });
    };
    process.on(signal, onSignal);
  }
}

async function flushOrSetAside(pipeline: Pipeline): Promise<void> {
  await pipeline.flush(Date.now() + FLUSH_MS);
  if (pipeline.waiting > 0) pipeline.setAside(pipeline.lastReason ?? 'no answer in time');
}
