// What the page of a session shows.

import type { SessionTurn } from '../../../queries/runs/read-session.ts';

export interface SessionView {
  readonly session: string;
  /** Oldest first. */
  readonly turns: readonly SessionTurn[];
  /** Nano-USD, by the signal; null when nothing is priced. */
  readonly costNanoUsd: number | null;
  readonly modelCalls: number | null;
  readonly toolCalls: number | null;
  readonly timezone: string;
  readonly now: number;
}
