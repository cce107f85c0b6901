// Findings: what a fix would recover a week, in one list, with the runs that show it.

import { dayBefore, stateOf, type FindingState } from '../../../core/findings/finding-state.ts';
import { formatCost, formatCount, formatCountOf } from '../../../core/text/format.ts';
import { usdOf } from '../../../core/money.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import type { ChunkQueryable } from '../../store/file/database.ts';
import { groupBy } from '../../../core/group-by.ts';
import { readInTurn } from '../diagnosis/large-reading.ts';
import { readDiagnosis } from '../diagnosis/read-diagnosis.ts';
import { readToolTax } from '../diagnosis/read-unused-tools.ts';
import { FINDING_TEXTS, type FindingKind } from './finding-texts.ts';
import { readCompactions } from './read-compactions.ts';
import { readKeptContext } from './read-kept-context.ts';
import { readWaste } from './read-waste.ts';

export interface Finding {
  /** The same as long as it is about the same. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly state: FindingState;
  readonly title: string;
  /** Empty where it is about all. */
  readonly agent: string;
  /** What the fix would have recovered in the last seven days. */
  readonly weekly_nano_usd: number;
  readonly weekly_usd: number;
  readonly assumed: string;
  readonly evidence: readonly string[];
  /** The most expensive first. */
  readonly runs: readonly string[];
  readonly fix: string;
  readonly verify: string;
  /** When it was last seen, ISO 8601 UTC; null where only the week as a whole shows it. */
  readonly last_seen: string | null;
}

export interface FindingsReport {
  readonly window: { readonly from: string; readonly to: string };
  /** Open ones first, then by money. */
  readonly findings: readonly Finding[];
  /** Of the open ones that are about waste; a cost change may be about the same money. */
  readonly weekly_nano_usd: number;
  readonly weekly_usd: number;
  /** What was not looked at, and why. */
  readonly left_out: readonly string[];
}

const WEEK_DAYS = 7;
/** A cent a week is not worth a line. */
const LEAST_NANO_USD = 10_000_000;
const RUNS_SHOWN = 5;
/** Causes of a cost change that other kinds of findings are about, or that are no fault. */
const KNOWN_ELSEWHERE = /^(cache_|caching_off|more_runs|workload_changed|user_dominates|price_changed)/;

export async function readFindings(database: ChunkQueryable, toMs: number): Promise<FindingsReport> {
  const from = toMs - WEEK_DAYS * DAY_MS;
  const leftOut: string[] = [];
  const all = [
    ...(await readInTurn(() => wasteOf(database, { from, to: toMs }))),
    ...(await unusedTools(database, from, toMs)),
    ...(await contextFindings(database, from, toMs)),
    ...(await compactionFindings(database, from, toMs)),
    ...(await costChanges(database, { from, to: toMs }, leftOut)),
  ];
  const findings = all
    .filter(({ weekly_nano_usd: weekly }) => weekly >= LEAST_NANO_USD)
    .toSorted(
      (a, b) =>
        Number(a.state === 'closed') - Number(b.state === 'closed') || b.weekly_nano_usd - a.weekly_nano_usd,
    );
  const open = findings.filter(({ state, kind }) => state !== 'closed' && kind !== 'cost_change');
  const weekly = open.reduce((sum, finding) => sum + finding.weekly_nano_usd, 0);
  return {
    window: { from: new Date(from).toISOString(), to: new Date(toMs).toISOString() },
    findings,
    weekly_nano_usd: weekly,
    weekly_usd: usdOf(weekly),
    left_out: leftOut,
  };
}

async function wasteOf(
  database: ChunkQueryable,
  range: { readonly from: number; readonly to: number },
): Promise<readonly Finding[]> {
  const { sums, daysOf } = await readWaste(database, range);
  return sums.map(({ kind, agent, subject, nanoUsd, calls, runs, days, lastMs }) =>
    findingOf({
      kind,
      agent,
      subject,
      weekly: nanoUsd,
      state: stateOf(days, daysOf.get(agent) ?? new Set()),
      evidence: [
        `${formatCountOf(calls, 'call')} in ${formatCountOf(runs.size, 'run')} cost ${formatCost(nanoUsd)} more than needed`,
      ],
      runs: mostExpensive(runs),
      lastMs: lastMs === 0 ? undefined : lastMs,
    }),
  );
}

function mostExpensive(runs: ReadonlyMap<string, number>): readonly string[] {
  return [...runs]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, RUNS_SHOWN)
    .map(([runId]) => runId);
}

async function unusedTools(database: ChunkQueryable, from: number, to: number): Promise<readonly Finding[]> {
  const { unused } = await readToolTax(database, from, to);
  const worth = unused.filter(({ cost_nano_usd: cost }) => cost >= LEAST_NANO_USD);
  if (worth.length === 0) return [];
  const days = await Promise.all(
    Array.from({ length: WEEK_DAYS }, async (_, ago) => {
      const end = to - ago * DAY_MS;
      const { cost_nano_usd: cost, unused: ofDay } = await readToolTax(database, end - DAY_MS, end);
      return { hasCalls: cost > 0, tools: new Set(ofDay.map(({ tool }) => tool)) };
    }),
  );
  const withCalls = daysWhere(days, ({ hasCalls }) => hasCalls);
  return worth.map(({ tool, tokens, runs, cost_nano_usd: weekly }) => {
    return findingOf({
      kind: 'unused_tool',
      agent: '',
      subject: tool,
      weekly,
      state: stateOf(
        daysWhere(days, ({ tools }) => tools.has(tool)),
        withCalls,
      ),
      evidence: [
        `about ${formatCount(tokens)} tokens, defined in ${formatCountOf(runs, 'run')}, called in none`,
      ],
      runs: [],
      lastMs: undefined,
    });
  });
}

/** What stays in the context of an agent's calls, where that is a large part of what they cost. */
async function contextFindings(
  database: ChunkQueryable,
  from: number,
  to: number,
): Promise<readonly Finding[]> {
  const kept = await readKeptContext(database, from, to);
  return kept.map(({ agent, subject, isInstructions, keptNanoUsd, agentNanoUsd, runs, days, withCalls }) =>
    findingOf({
      kind: isInstructions ? 'instructions' : 'tool_context',
      agent,
      subject: isInstructions ? '' : subject,
      weekly: isInstructions ? Math.round(keptNanoUsd / 2) : keptNanoUsd,
      state: stateOf(days, withCalls),
      evidence: [
        `${formatCost(keptNanoUsd)} of ${formatCost(agentNanoUsd)} in ${formatCountOf(runs.size, 'run')}`,
      ],
      runs: mostExpensive(runs),
      lastMs: undefined,
    }),
  );
}

async function compactionFindings(
  database: ChunkQueryable,
  from: number,
  to: number,
): Promise<readonly Finding[]> {
  const byAgent = groupBy(
    (await readCompactions(database, { from, to })).filter(
      ({ costNanoUsd, savedNanoUsd }) => costNanoUsd > savedNanoUsd,
    ),
    ({ agent }) => agent,
  );
  return [...byAgent].map(([agent, compactions]) => {
    const weekly = compactions.reduce((sum, each) => sum + each.costNanoUsd - each.savedNanoUsd, 0);
    const runs = new Map<string, number>();
    for (const { runId, costNanoUsd, savedNanoUsd } of compactions)
      runs.set(runId, (runs.get(runId) ?? 0) + costNanoUsd - savedNanoUsd);
    const days = new Set(compactions.map(({ atMs }) => dayBefore(atMs, to)));
    return findingOf({
      kind: 'compaction',
      agent,
      subject: '',
      weekly,
      state: stateOf(days, days),
      evidence: [
        `${formatCountOf(compactions.length, 'compaction')} cost ${formatCost(weekly)} more than the calls after them saved`,
      ],
      runs: mostExpensive(runs),
      lastMs: Math.max(...compactions.map(({ atMs }) => atMs)),
    });
  });
}

/** The days, counted back, of which it is true. */
function daysWhere<Day>(days: readonly Day[], isTrue: (day: Day) => boolean): Set<number> {
  return new Set(days.flatMap((day, ago) => (isTrue(day) ? [ago] : [])));
}

async function costChanges(
  database: ChunkQueryable,
  { from, to }: { readonly from: number; readonly to: number },
  leftOut: string[],
): Promise<readonly Finding[]> {
  const report = await readDiagnosis(database, {
    from,
    to,
    againstFrom: from - WEEK_DAYS * DAY_MS,
    againstTo: from,
  });
  if (report.against_runs === 0) return [];
  if (report.sampled)
    leftOut.push(
      'what changed is found in a sample of the runs: amounts of cost changes are estimates; all others are exact',
    );
  return report.causes
    .filter(({ cause, cost_nano_usd: cost }) => cost > 0 && !KNOWN_ELSEWHERE.test(cause))
    .map((cause) => ({
      ...findingOf({
        kind: 'cost_change',
        agent: '',
        subject: cause.title,
        weekly: cause.cost_nano_usd,
        state: 'open',
        evidence: cause.evidence,
        runs: cause.runs.slice(0, RUNS_SHOWN),
        lastMs: undefined,
      }),
      id: ['cost_change', cause.cause, cause.subject ?? ''].join('/'),
      fix: cause.fix,
    }));
}

interface Found {
  readonly kind: FindingKind;
  readonly agent: string;
  readonly subject: string;
  readonly weekly: number;
  readonly state: FindingState;
  readonly evidence: readonly string[];
  readonly runs: readonly string[];
  readonly lastMs: number | undefined;
}

function findingOf({ kind, agent, subject, weekly, state, evidence, runs, lastMs }: Found): Finding {
  const text = FINDING_TEXTS[kind];
  return {
    id: [kind, agent, subject].join('/'),
    kind,
    state,
    title: text.title(subject),
    agent,
    weekly_nano_usd: weekly,
    weekly_usd: usdOf(weekly),
    assumed: text.assumed,
    evidence,
    runs,
    fix: text.fix(subject),
    verify: text.verify,
    last_seen: lastMs === undefined ? null : new Date(lastMs).toISOString(),
  };
}
