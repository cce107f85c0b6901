// A candidate: what one line, or several, say of a call. Of the lines of one message the best one is taken whole.

import type { Json } from '../model-call/json.ts';
import type { TranscriptCall } from './facts.ts';
import type { FileChain } from './file-chain.ts';

export interface Candidate extends Omit<TranscriptCall, 'isComplete' | 'blocks'> {
  readonly blocks: Json[];
  readonly chain: FileChain;
}

/** The better of two lines of one id, with the blocks, start and end of both. */
export function winnerOf(before: Candidate, next: Candidate): Candidate {
  const isOtherChain = before.isSidechain !== next.isSidechain;
  const takesOver = isOtherChain ? before.isSidechain : next.outputTokens >= before.outputTokens;
  const winner = takesOver ? next : before;
  // What a replay in a side chain says of time and place is its own.
  if (isOtherChain) return winner;
  return {
    ...winner,
    stopReason: winner.stopReason ?? before.stopReason ?? next.stopReason,
    blocks: [...before.blocks, ...next.blocks],
    startMs: Math.min(before.startMs, next.startMs),
    endMs: Math.max(before.endMs, next.endMs),
  };
}
