// Evidence: the figures that a cause shows by, each `before → after` or a place to look. A line has marks where it
// names a run or a moment, so that a page can link the one and show the other in its own zone.

import type { CacheMiss } from '../attribution/cache-forensics.ts';
import { formatCost, formatCount, formatDuration, formatPercent } from '../text/format.ts';
import type { PeriodComparison, FoundCause } from './causes.ts';
import { hourShareOf, type Measures } from './measures.ts';
import type { OutlierRun } from './outliers.ts';
import type { Period } from './period.ts';

export type EvidenceMark = { readonly runId: string } | { readonly atMs: number };
export type EvidenceLine = readonly (string | EvidenceMark)[];

/** Enough of a run id to find the run by. */
const SHORT_ID_LENGTH = 8;

/** The line as plain text, moments in ISO 8601 UTC. */
export function textOfEvidence(line: EvidenceLine): string {
  return line.map(textOfPiece).join('');
}

export function textOfPiece(piece: EvidenceLine[number]): string {
  if (typeof piece === 'string') return piece;
  return 'runId' in piece ? piece.runId.slice(0, SHORT_ID_LENGTH) : new Date(piece.atMs).toISOString();
}

export function evidenceOf(
  { kind, subject, outlier }: FoundCause,
  comparison: PeriodComparison,
  later: Period,
): EvidenceLine[] {
  const { before, after: now, scale } = comparison;
  if (outlier !== undefined) return outlierEvidence(outlier, comparison);
  if (kind.startsWith('cache_')) return cacheEvidence(later, kind.slice('cache_'.length));
  switch (kind) {
    case 'price_changed':
      return [[`price rows: ${list(before.priceRows)} → ${list(now.priceRows)}`]];
    case 'tier_changed':
      return [[`tier, speed, residency: ${list(before.tiers.keys())} → ${list(now.tiers.keys())}`]];
    case 'ttl_changed':
      return [
        [
          `written for 1 h: ${formatPercent(hourShareOf(before))} → ${formatPercent(hourShareOf(now))} of all cache writes`,
        ],
      ];
    case 'caching_off':
      return [counted('calls without a breakpoint', before, now, 'callsWithoutBreakpoint')];
    case 'compaction':
      return [counted('calls after a compaction', before, now, 'compactedCalls')];
    case 'tool_failing':
      return [counted('calls that repeat after a failure', before, now, 'callsAfterFailure')];
    case 'user_dominates': {
      const runsOf = (side: Measures): number => side.runsByUser.get(subject ?? '') ?? 0;
      return [[`runs of the user: ${count(runsOf(before) * scale)} → ${count(runsOf(now))}`]];
    }
    case 'more_runs':
      return [runsEvidence(comparison)];
    case 'tool_results_grew':
    case 'system_prompt_grew':
    case 'tool_definitions_grew':
    case 'user_input_grew':
    case 'history_grew':
      return [['divided among the blocks of each call by estimate']];
    case 'input_grew':
      return [['of which part is not known: the calls were reported without their requests']];
    default:
      return [];
  }
}

/** Those of users who stand out are a cause of their own. */
function runsEvidence({ before, after, beforeRuns, afterRuns, scale }: PeriodComparison): EvidenceLine {
  const what = after.dominantUsers.size === 0 ? 'runs' : 'runs of the other users';
  const [earlier, later] = [beforeRuns - dominantRuns(before), afterRuns - dominantRuns(after)];
  return [`${what}: ${count(earlier * scale)} → ${count(later)}`];
}

function dominantRuns({ runsByUser, dominantUsers }: Measures): number {
  return [...dominantUsers].reduce((sum, user) => sum + (runsByUser.get(user) ?? 0), 0);
}

function outlierEvidence(
  { runId, calls, firstMs, nowNanoUsd, beforeNanoUsd, nanoUsd, usualNanoUsd }: OutlierRun,
  { beforeCostNanoUsd, afterCostNanoUsd }: PeriodComparison,
): EvidenceLine[] {
  const share = nanoUsd / (afterCostNanoUsd - beforeCostNanoUsd);
  const inBoth = nowNanoUsd > 0 && beforeNanoUsd > 0;
  const cost = inBoth
    ? `${formatCost(beforeNanoUsd)} in the earlier time, ${formatCost(nowNanoUsd)} in this one`
    : formatCost(nowNanoUsd + beforeNanoUsd);
  const part = share > 0 ? `, ${formatPercent(share)} of the difference` : '';
  return [
    [`it cost ${cost}${part}; the median run costs ${formatCost(usualNanoUsd)}`],
    [
      'run ',
      { runId },
      `, ${formatCount(calls)} ${calls === 1 ? 'call' : 'calls'} since `,
      { atMs: firstMs },
    ],
  ];
}

function cacheEvidence({ misses, weightOf }: Period, cause: string): EvidenceLine[] {
  const own = misses.filter((miss) => miss.cause === cause);
  const [first] = own;
  if (first === undefined) return [];
  let calls = 0;
  let tokens = 0;
  let lost = 0;
  for (const miss of own) {
    const weight = weightOf(miss.call.runId);
    calls += weight;
    tokens += miss.lostTokens * weight;
    lost += (miss.lostNanoUsd ?? 0) * weight;
  }
  const lines: EvidenceLine[] = [
    [
      `${count(calls)} calls read ${count(tokens)} tokens less than was cached, ${formatCost(Math.round(lost))} lost (est.)`,
    ],
    firstMiss(first),
  ];
  if (cause === 'ttl_expired') {
    const gaps = own.map((miss) => miss.gapMs).toSorted((a, b) => a - b);
    lines.push([`median gap between the calls: ${formatDuration(gaps[Math.floor(gaps.length / 2)])}`]);
  }
  if (own.some((miss) => miss.source === 'api')) lines.push(['the API gave this reason itself']);
  return lines;
}

function firstMiss({ call, messageIndex }: CacheMiss): EvidenceLine {
  const where = messageIndex === undefined ? '' : `, message ${messageIndex + 1}`;
  const version = call.event['service.version'] ?? call.event['agent.version'];
  return [
    'first call that shows it: run ',
    { runId: call.runId },
    `, step ${call.step}${where}, `,
    { atMs: call.startMs },
    ...(version === undefined ? [] : [`, version ${version}`]),
  ];
}

function counted(
  what: string,
  before: Measures,
  now: Measures,
  key: 'callsWithoutBreakpoint' | 'compactedCalls' | 'callsAfterFailure',
): EvidenceLine {
  return [`${what}: ${count(before[key])} → ${count(now[key])}`];
}

function count(value: number): string {
  return formatCount(Math.round(value));
}

function list(values: Iterable<string>): string {
  return [...values].toSorted().join(', ');
}
