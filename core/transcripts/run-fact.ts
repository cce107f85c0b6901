// A run as it is read out of a transcript, line by line.

import type { RunFact } from './facts.ts';

export function newRun(id: string, atMs: number, inputLen: number): RunFact {
  return {
    id,
    startMs: atMs,
    endMs: atMs,
    lines: 0,
    linesAtEnd: 0,
    inputLen,
    outputLen: 0,
    last: 'prompt',
    isClosed: false,
    seenCalls: new Set(),
  };
}

/** A line of the run was written then. */
export function noteEnd(run: RunFact, atMs: number): void {
  run.lines++;
  if (atMs < run.endMs) return;
  run.linesAtEnd = atMs === run.endMs ? run.linesAtEnd + 1 : 1;
  run.endMs = atMs;
}
