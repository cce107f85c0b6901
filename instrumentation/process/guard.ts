// The guard: the only try/catch around telemetry. What fails inside it costs a record, never the
// user's call, and is told on stderr in debug mode alone.

import { sayDebug } from './diagnostics.ts';

/** Runs one step of telemetry; gives `undefined` when it threw. */
export function guard<T>(step: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    sayDebug(`${step}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return undefined;
  }
}
