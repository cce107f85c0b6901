// What the page of a session shows.

import type { Compaction } from '../../../../core/findings/compactions.ts';
import type { ContextCost } from '../../../queries/runs/read-context-costs.ts';
import type { SessionCall, SessionTurn } from '../../../queries/runs/read-session.ts';

import type { Stretch } from '../../../questions/stretch.ts';

export interface SessionView {
  readonly session: string;
  /** Of the time, oldest first. */
  readonly turns: readonly SessionTurn[];
  /** Turns before those that are listed. */
  readonly offset: number;
  readonly listed: readonly SessionTurn[];
  /** Model calls of the listed turns by their run; undefined where there are too many. */
  readonly calls: ReadonlyMap<string, readonly SessionCall[]> | undefined;
  /** Nano-USD, by the signal; null when nothing is priced. */
  readonly costNanoUsd: number | null;
  readonly modelCalls: number | null;
  readonly toolCalls: number | null;
  /** What Claude Code counted beyond the calls that are known one by one, nano-USD; 0 where that is nothing. */
  readonly remainderNanoUsd: number;
  /** Folder that the agent worked in, its last part. */
  readonly project: string | null;
  /** Whether nobody pays it by the call. */
  readonly isListValue: boolean;
  /** Plan under which it was used; null where it is paid by the call, or not known. */
  readonly plan: string | null;
  readonly compactions: readonly Compaction[];
  readonly contextCosts: readonly ContextCost[];
  /** Of the whole session, whatever the time that is shown. */
  readonly turnsInAll: number;
  readonly stretch: Stretch;
  /** Zone of the server. */
  readonly zone: string;
  readonly timezone: string;
  readonly now: number;
}
