// The built-in scorers: deterministic, of every run, without content.

import { usdOf } from '../money.ts';
import type { RunFacts } from './run-facts.ts';
import type { ScoreValue } from './score.ts';

/** Scores of an ended run by their names; what is not known is left out. */
export function builtInScores(run: RunFacts): Readonly<Record<string, ScoreValue>> {
  return {
    ended_ok: run.status === 'ok',
    no_tool_failures: run.toolFailures === 0,
    no_silent_failures: run.silentFailures.length === 0,
    not_refused: run.refusals === 0,
    not_cut: run.cutAnswers === 0,
    turns: run.turns,
    ...(run.durationMs === undefined ? {} : { latency_ms: run.durationMs }),
    ...(run.costNanoUsd === undefined || run.unpricedCalls > 0 ? {} : { cost_usd: usdOf(run.costNanoUsd) }),
  };
}
