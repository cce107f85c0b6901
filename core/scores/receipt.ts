// A receipt: one line that says what a run took, at its end.

import { formatCost, formatCountOf, formatDuration, formatPercent } from '../text/format.ts';
import type { RunFacts } from './run-facts.ts';

/** Characters of a run id that are enough for `tallyspan run`. */
const ID_CHARS = 8;

/** `run 1a2b3c4d support ok · $0.0123 · 3 turns · cache 85.0 % · 4.2 s · slowest tool search 1.2 s …` */
export function receiptText(run: RunFacts): string {
  const { slowestTool, mostExpensiveTool } = run;
  const warnings = [
    ...countOf(run.toolFailures, 'tool failure'),
    ...countOf(run.failedCalls, 'failed call'),
    ...countOf(run.cutAnswers, 'answer', ' cut at max_tokens'),
    ...countOf(run.refusals, 'refusal'),
    ...countOf(run.unpricedCalls, 'call', ' without a price'),
    ...[...new Set(run.silentFailures)].map((name) => name.replaceAll('_', ' ')),
  ];
  return [
    ['run', run.runId.slice(0, ID_CHARS), run.agent, run.status, run.errorType].filter(Boolean).join(' '),
    formatCost(run.costNanoUsd),
    formatCountOf(run.turns, 'turn'),
    `cache ${formatPercent(run.cacheHitRatio)}`,
    formatDuration(run.durationMs),
    ...(slowestTool === undefined
      ? []
      : [`slowest tool ${slowestTool.name} ${formatDuration(slowestTool.durationMs)}`]),
    ...(mostExpensiveTool === undefined
      ? []
      : [`most expensive tool ${mostExpensiveTool.name} ${formatCost(mostExpensiveTool.costNanoUsd)}`]),
    ...(warnings.length === 0 ? [] : [`warnings: ${warnings.join(', ')}`]),
  ].join(' · ');
}

function countOf(count: number, noun: string, rest = ''): string[] {
  return count === 0 ? [] : [`${formatCountOf(count, noun)}${rest}`];
}
