// A comparison of groups in words: numbers in their units, what a difference means, and how many runs a verdict still needs.

import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatPercent,
  formatTokens,
  NO_DATA,
} from '../../../core/text/format.ts';
import type { GroupDifference } from './compare-groups.ts';
import type { GroupScore } from './read-group.ts';

type Unit = GroupDifference['unit'];

/** `beside` are the other numbers of the row: they have as many decimals. */
export function numberText(
  value: number | null,
  unit: Unit,
  beside: readonly (number | null)[] = [],
): string {
  if (value === null) return NO_DATA;
  switch (unit) {
    case 'nanoUsd':
      return formatCost(Math.round(value));
    case 'ratio':
      return formatPercent(value);
    case 'ms':
      return formatDuration(value);
    case 'tokens':
      return formatTokens(Math.round(value));
    case '1':
      return [value, ...beside].every((one) => one === null || Number.isInteger(one))
        ? formatCount(value)
        : value.toFixed(2);
  }
}

export function signedText(value: number | null, unit: Unit): string {
  if (value === null) return NO_DATA;
  if (value === 0) return '=';
  const size = Math.abs(value);
  const text = unit === 'ratio' ? `${(size * 100).toFixed(1)} points` : numberText(size, unit);
  return `${value > 0 ? '+' : '−'}${text}`;
}

export function intervalText({ low, high, unit }: Pick<GroupDifference, 'low' | 'high' | 'unit'>): string {
  return low === null || high === null ? NO_DATA : `${signedText(low, unit)} … ${signedText(high, unit)}`;
}

/** `better`, `may be chance; about 40 more runs of each would decide`. */
export function meaningText(number: GroupDifference): string {
  const { verdict } = number;
  if (verdict !== 'may_be_chance' && verdict !== 'too_few_runs') return verdict;
  const words = verdict === 'too_few_runs' ? 'too few runs to say' : 'may be chance';
  const needed = neededText(number);
  return needed === '' ? words : `${words}; ${needed}`;
}

/** Beyond it a number of runs says nothing but that there is hardly a difference. */
const MOST_RUNS = 1_000_000;

function neededText({ difference, more_runs_a: a, more_runs_b: b }: GroupDifference): string {
  if (a === null || b === null) return difference === 0 ? 'no difference so far' : '';
  if (a === 0 && b === 0) return '';
  if (Math.max(a, b) > MOST_RUNS) return 'hardly a difference so far';
  if (a === b) return `about ${formatCountOf(a, 'more run')} of each would decide`;
  const parts = [
    ...(a === 0 ? [] : [`${formatCount(a)} more of A`]),
    ...(b === 0 ? [] : [`${formatCount(b)} more of B`]),
  ];
  return `about ${parts.join(' and ')} would decide`;
}

/** `helpful 82.0 % good of 41 runs, $0.0140 per good run`, or `tone mean 0.64 of 41 runs`. */
export function scoreText(score: Pick<GroupScore, 'name' | 'runs' | 'statistics'>): string {
  const { score_share: share, score_mean: mean, cost_per_good_run: cost } = score.statistics;
  const of = `of ${formatCountOf(score.runs, 'run')}`;
  if (share !== null)
    return `${score.name} ${formatPercent(share)} good ${of}${cost === null ? '' : `, ${formatCost(Math.round(cost))} per good run`}`;
  return mean === null ? `${score.name} ${of}` : `${score.name} mean ${numberText(mean, '1')} ${of}`;
}
