// Revisions: how much was known when an event of Claude Code was made. A transcript grows, and what comes later may say
// where a run hangs, why it ended or which tokens a message had; whoever knows more has the higher revision, so that a
// folder that was read piece by piece gives the same store as one that was read at once. All stay below 2 ** 53.

/** What a log says of a run and of a tool outweighs what a transcript says. */
export const LOG_REVISION = 1_000;

/** Most that counts of what is known of a run's place, which only grows. */
const PLACE_LIMIT = 31;
const OUTPUT_LIMIT = 2 ** 38;

/** A call: a line of the conversation outweighs every side chain, then output tokens count, then lines, then the place. */
export function revisionOfCall(known: {
  readonly isSidechain: boolean;
  readonly outputTokens: number;
  readonly lines: number;
  readonly place: number;
  /** Whether its last count is known to be missing, which only later lines can tell. */
  readonly isIncomplete: boolean;
}): number {
  return (
    (known.isSidechain ? 0 : 2 ** 51) +
    Math.min(known.outputTokens, OUTPUT_LIMIT) * 2 ** 12 +
    Math.min(known.lines, 63) * 2 ** 6 +
    Math.min(known.place, PLACE_LIMIT) * 2 +
    (known.isIncomplete ? 1 : 0)
  );
}

/** Of a tool call, a note or the begin of a run. */
export function revisionOfFact(place: number, isSidechain = false): number {
  return 1 + Math.min(place, PLACE_LIMIT) + (isSidechain ? 0 : PLACE_LIMIT + 1);
}

/** Of the end of a run with those nested in it, and of what it paid for its context: the newest state, whoever tells of it. */
export function revisionOfRunEnd(known: {
  readonly endMs: number;
  /** Calls, or lines, that tell of it, so that more of the same instant count. */
  readonly reports: number;
  readonly place?: number;
  /** False where nothing but time says that it is over. */
  readonly isSettled?: boolean;
}): number {
  return (
    known.endMs * 2 ** 12 +
    Math.min(known.reports, 63) * 2 ** 6 +
    Math.min(known.place ?? 0, PLACE_LIMIT) * 2 +
    (known.isSettled === false ? 0 : 1)
  );
}

/** Of a remainder: the newest ledger, then what is known of the calls that it stands beside. */
export function revisionOfRemainder(known: {
  readonly atMs: number;
  /** Ledgers of the same second up to this one. */
  readonly ledgers: number;
  /** Whether a line after it says up to when it counted. */
  readonly isBounded: boolean;
  /** Lines of the calls, and searches, that are taken off: another line of a call may count more of it. */
  readonly lines: number;
  readonly hasBaseline: boolean;
}): number {
  return (
    Math.floor(known.atMs / 1000) * 2 ** 21 +
    Math.min(known.ledgers, 7) * 2 ** 18 +
    (known.isBounded ? 2 ** 17 : 0) +
    Math.min(known.lines, 2 ** 16 - 1) * 2 +
    (known.hasBaseline ? 1 : 0)
  );
}
