// A chain: what is known of one file of a session while it is read, the conversation or one of its sub-agents.

import type { ContextStep } from './context-costs.ts';
import type { CostState, LineFacts, RunFact, TranscriptFile } from './facts.ts';

/** How far a file was read. */
export interface FileChain {
  readonly file: TranscriptFile;
  /** When each line was written, by its id. */
  readonly times: Map<string, number>;
  run: RunFact | undefined;
  promptRun: string | undefined;
  writesStopReasons: boolean;
  lastMs: number;
  /** Of the line before the last one that has a time. */
  beforeMs: number;
  last: Pick<LineFacts, 'version' | 'project'> | undefined;
  /** A count of Claude Code after which no line with a time came yet. */
  openState: CostState | undefined;
  readonly context: ContextStep[];
  hasShape: boolean;
  /** Calls that stand in the context. */
  readonly seenCalls: Set<string>;
}

export function newFileChain(file: TranscriptFile): FileChain {
  return {
    file,
    times: new Map(),
    run: undefined,
    promptRun: undefined,
    writesStopReasons: false,
    lastMs: Number.NEGATIVE_INFINITY,
    beforeMs: Number.NEGATIVE_INFINITY,
    last: undefined,
    openState: undefined,
    context: [],
    hasShape: false,
    seenCalls: new Set(),
  };
}
