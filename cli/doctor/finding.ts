// A finding of `tallyspan doctor`: one thing that was looked at, how it is, and what to do about it.

export type Verdict = 'ok' | 'warn' | 'fail';

export interface DoctorFinding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly what: string;
  /** Lines that belong to it. */
  readonly details?: readonly string[];
  /** What to do; absent when all is well. */
  readonly advice?: string;
}
