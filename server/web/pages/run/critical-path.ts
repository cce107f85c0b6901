// The critical path of a run: the steps that its length hangs on. From the end backwards, each is the step that ended
// last before the one after it began; a shorter step on it would have made a shorter run.

import type { RunStep } from '../../../queries/runs/read-run.ts';
import { endOffsetMs } from './steps/step-facts.ts';

export interface CriticalPath {
  readonly steps: ReadonlySet<RunStep>;
  /** Milliseconds of it in model calls, in tool calls, and between steps, where nothing was recorded. */
  readonly modelMs: number;
  readonly toolMs: number;
  readonly betweenMs: number;
}

export function criticalPathOf(all: readonly RunStep[], lengthMs: number): CriticalPath {
  const steps = all
    .filter((step) => step.step !== 'note')
    .toSorted((a, b) => endOffsetMs(b) - endOffsetMs(a) || b.offset_ms - a.offset_ms);
  const path = new Set<RunStep>();
  const spent = { model_call: 0, tool_call: 0, note: 0 };
  let at = lengthMs;
  let betweenMs = 0;
  for (const step of steps) {
    const endMs = endOffsetMs(step);
    // A step that goes on beyond where the path stands is not what it waited for, unless it is all there was.
    if (endMs > at && path.size > 0) continue;
    const end = Math.min(endMs, at);
    if (step.offset_ms >= at) continue;
    path.add(step);
    betweenMs += at - end;
    spent[step.step] += end - step.offset_ms;
    at = step.offset_ms;
  }
  return { steps: path, modelMs: spent.model_call, toolMs: spent.tool_call, betweenMs: betweenMs + at };
}
