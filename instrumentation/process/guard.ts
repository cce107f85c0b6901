// The guard: the only try/catch around telemetry. What fails inside it costs a record, never the
// user's call, and shows on stderr in debug mode alone. A function that others call later (events, timers,
// finalizers, promises) is handed over guarded, because nothing above it would catch what it throws.

import { sayDebug } from './diagnostics.ts';

/** Runs one step of telemetry; gives `undefined` when it threw. */
export function guard<T>(step: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    report(step, error);
    return undefined;
  }
}

/** The work as a callback that neither throws nor, where it waits, leaves a rejection unhandled. */
export function guarded<Parameters extends readonly unknown[]>(
  step: string,
  work: (...parameters: Parameters) => unknown,
): (...parameters: Parameters) => void {
  return (...parameters) => {
    guard(step, () => {
      const result = work(...parameters);
      if (result instanceof Promise)
        void result.catch((error: unknown) => {
          report(step, error);
        });
    });
  };
}

/** Like {@link guarded}, for work that never waits and runs for each piece that passes: it makes nothing for a call. */
export function guardedListener<Message>(
  step: string,
  work: (message: Message) => void,
): (message: Message) => void {
  return (message) => {
    try {
      work(message);
    } catch (error) {
      report(step, error);
    }
  };
}

/** Runs a step that waits; never rejects. Gives `undefined` when it failed. */
export async function guardAsync<T>(step: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    report(step, error);
    return undefined;
  }
}

/** Errors of other code may throw when they are read. */
function report(step: string, error: unknown): void {
  try {
    sayDebug(`${step}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } catch {
    sayDebug(`${step}: an error that cannot be read`);
  }
}
