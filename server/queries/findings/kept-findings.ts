// Kept findings: the last report, for those who ask again. Of little data it is kept until something is stored. Where a
// reading takes long, something is always being stored: then who asks has the last report at once, and a new one is read
// behind it at most once a minute.

import type { FindingsReport } from './read-findings.ts';

/** How long a report is good, milliseconds. */
const KEPT_MS = 60_000;
/** A reading that took longer is not waited for again. */
const SLOW_MS = 1000;

interface Kept {
  readonly version: number;
  /** By `clock`, milliseconds. */
  readonly atMs: number;
  readonly report: Promise<FindingsReport>;
}

/** `latest` is the report of the last hour that the server made by itself. */
export function keepFindingsReports(
  read: (now: number) => Promise<FindingsReport>,
  version: () => number,
  latest: () => FindingsReport | undefined = () => undefined,
  clock: () => number = () => performance.now(),
): (now: number) => Promise<FindingsReport> {
  let kept: Kept | undefined;
  let finished: FindingsReport | undefined;
  let isSlow = false;

  function begin(now: number): Kept {
    const atMs = clock();
    const report = read(now);
    const begun = { version: version(), atMs, report };
    kept = begun;
    const note = async (): Promise<void> => {
      try {
        finished = await report;
        isSlow = clock() - atMs > SLOW_MS;
      } catch {
        // Who asked is told; the next one asks again.
        if (kept === begun) kept = undefined;
      }
    };
    void note();
    return begun;
  }

  return async (now) => {
    const age = kept === undefined ? Number.POSITIVE_INFINITY : clock() - kept.atMs;
    const isGood = kept !== undefined && age <= KEPT_MS && (isSlow || kept.version === version());
    const current = isGood && kept !== undefined ? kept : begin(now);
    return isSlow ? (finished ?? latest() ?? current.report) : current.report;
  };
}
