// A thing: one user, agent, version, tool, model, task or project, and all that its page shows. Every number is a signal of
// the catalogue, narrowed to it.

import type { Dimension } from '../../../../core/schema.ts';
import type { SignalRequest } from '../../../../signals/signal.ts';
import { readListValueOfSignal } from '../../../queries/list-value.ts';
import { listRunPage, sumRuns, type RunQueryable, type RunSums } from '../../../queries/runs/list-runs.ts';
import { readVersions, type ScoredVersion } from '../../../queries/groups/read-versions.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { readChart, type ChartData } from '../../../queries/signals/read-chart.ts';
import { readGroups, readNumber, readNumbers } from '../../../queries/signals/signal-numbers.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import type { ThingDimension } from '../../../thing-path.ts';

export type ThingUnit = 'cost' | 'count' | 'ratio' | 'ms';

interface ThingNumber {
  readonly title: string;
  readonly signal: string;
  readonly unit: ThingUnit;
}

export interface ThingKind {
  readonly dimension: ThingDimension;
  /** One of them, for people. */
  readonly noun: string;
  /** Signal of what it costs. */
  readonly cost: string;
  readonly numbers: readonly ThingNumber[];
  /** A share over time, and a length of time over time. */
  readonly failures: ThingNumber;
  readonly latency: ThingNumber;
  /** Dimensions that its cost can be split by. */
  readonly splits: readonly Dimension[];
}

const RUN_NUMBERS: readonly ThingNumber[] = [
  { title: 'Cost', signal: 'cost', unit: 'cost' },
  { title: 'Runs', signal: 'run_count', unit: 'count' },
  { title: 'Success', signal: 'run_success_rate', unit: 'ratio' },
  { title: 'p50', signal: 'run_latency_p50', unit: 'ms' },
  { title: 'p95', signal: 'run_latency_p95', unit: 'ms' },
  { title: 'Cost per run', signal: 'cost_per_run', unit: 'cost' },
  { title: 'Turns per run', signal: 'turns_per_run', unit: 'count' },
  { title: 'Cache hits', signal: 'cache_hit_ratio', unit: 'ratio' },
];
const RUN_FAILURES: ThingNumber = { title: 'Failed runs', signal: 'run_failure_rate', unit: 'ratio' };
const RUN_LATENCY: ThingNumber = { title: 'Time of a run, p95', signal: 'run_latency_p95', unit: 'ms' };

function ofRuns(dimension: ThingDimension, splits: readonly Dimension[]): ThingKind {
  return {
    dimension,
    noun: dimension,
    cost: 'cost',
    numbers: RUN_NUMBERS,
    failures: RUN_FAILURES,
    latency: RUN_LATENCY,
    splits,
  };
}

export const THING_KINDS: readonly ThingKind[] = [
  ofRuns('user', ['agent', 'model', 'task', 'version', 'session']),
  ofRuns('agent', ['version', 'model', 'user', 'task', 'project']),
  ofRuns('version', ['agent', 'model', 'user', 'task']),
  ofRuns('task', ['agent', 'model', 'user', 'version']),
  ofRuns('project', ['agent', 'model', 'user', 'session']),
  {
    dimension: 'tool',
    noun: 'tool',
    cost: 'tool_cost',
    numbers: [
      { title: 'Context cost', signal: 'tool_cost', unit: 'cost' },
      { title: 'Calls', signal: 'tool_calls', unit: 'count' },
      { title: 'Failed', signal: 'tool_failure_rate', unit: 'ratio' },
      { title: 'Retried', signal: 'tool_retry_rate', unit: 'ratio' },
      { title: 'p95', signal: 'tool_latency_p95', unit: 'ms' },
    ],
    failures: { title: 'Failed calls', signal: 'tool_failure_rate', unit: 'ratio' },
    latency: { title: 'Time of a call, p95', signal: 'tool_latency_p95', unit: 'ms' },
    splits: ['agent', 'version', 'user', 'task'],
  },
  {
    dimension: 'model',
    noun: 'model',
    cost: 'cost',
    numbers: [
      { title: 'Cost', signal: 'cost', unit: 'cost' },
      { title: 'Calls', signal: 'model_calls', unit: 'count' },
      { title: 'Failed', signal: 'model_error_rate', unit: 'ratio' },
      { title: 'p95', signal: 'model_latency_p95', unit: 'ms' },
      { title: 'First chunk p95', signal: 'ttft_p95', unit: 'ms' },
      { title: 'Cache hits', signal: 'cache_hit_ratio', unit: 'ratio' },
      { title: 'Unpriced calls', signal: 'unpriced_calls', unit: 'count' },
    ],
    failures: { title: 'Failed calls', signal: 'model_error_rate', unit: 'ratio' },
    latency: { title: 'Time of a call, p95', signal: 'model_latency_p95', unit: 'ms' },
    splits: ['agent', 'user', 'task', 'version'],
  },
];

export interface ThingQuestion {
  readonly kind: ThingKind;
  readonly name: string;
  readonly stretch: Stretch;
  readonly stackedBy: Dimension | undefined;
  readonly now: number;
}

export interface ThingSplit {
  readonly by: Dimension;
  /** Most expensive first; no name where the events carry none. */
  readonly groups: readonly { readonly name: string | null; readonly costNanoUsd: number }[];
  /** Groups that are not among these. */
  readonly more: number;
}

export interface ThingData {
  /** In the order of the kind's numbers. */
  readonly values: readonly (number | null)[];
  /** The same length of time just before. */
  readonly costBefore: number | null;
  /** Part of its cost that nobody pays. */
  readonly listValue: number;
  readonly costChart: ChartData;
  readonly failureChart: ChartData;
  readonly latencyChart: ChartData;
  readonly splits: readonly ThingSplit[];
  readonly sums: RunSums;
  readonly mostExpensive: readonly RunSummary[];
  readonly newest: readonly RunSummary[];
  /** Of an agent. */
  readonly prompts: readonly ScoredVersion[];
}

const RUNS_SHOWN = 10;
const GROUPS_SHOWN = 6;

export async function readThing(database: RunQueryable, question: ThingQuestion): Promise<ThingData> {
  const { kind, name, stretch, stackedBy, now } = question;
  const where = { [kind.dimension]: name };
  const window: SignalRequest = {
    from: stretch.from,
    to: stretch.to,
    now,
    timezone: stretch.timezone,
    where,
  };
  const before = { ...window, from: window.from - (window.to - window.from), to: window.from };
  const filter = {
    [kind.dimension]: name,
    since: stretch.from,
    ...(stretch.to >= now ? {} : { until: stretch.to }),
  };
  const [
    numbers,
    costBefore,
    costChart,
    failureChart,
    latencyChart,
    splits,
    sums,
    mostExpensive,
    newest,
    prompts,
    listValue,
  ] = await Promise.all([
    readNumbers(
      database,
      kind.numbers.map(({ signal }) => signal),
      window,
    ),
    readNumber(database, kind.cost, before),
    readChart(database, { signal: kind.cost, window, by: stackedBy }),
    readChart(database, { signal: kind.failures.signal, window }),
    readChart(database, { signal: kind.latency.signal, window }),
    Promise.all(kind.splits.map((by) => readSplit(database, kind.cost, window, by))),
    sumRuns(database, filter),
    listRunPage(database, { ...filter, sort: 'most-expensive', limit: RUNS_SHOWN }),
    listRunPage(database, { ...filter, limit: RUNS_SHOWN }),
    kind.dimension === 'agent' ? readVersions(database, name, stretch.from, stretch.to) : [],
    readListValueOfSignal(database, kind.cost, window),
  ]);
  return {
    values: kind.numbers.map(({ signal }) => numbers[signal] ?? null),
    costBefore,
    listValue,
    costChart,
    failureChart,
    latencyChart,
    splits,
    sums,
    mostExpensive: mostExpensive.runs,
    newest: newest.runs,
    prompts,
  };
}

async function readSplit(
  database: RunQueryable,
  cost: string,
  window: SignalRequest,
  by: Dimension,
): Promise<ThingSplit> {
  const groups = [...(await readGroups(database, cost, { ...window, by }))];
  return {
    by,
    groups: groups.slice(0, GROUPS_SHOWN).map(([name, costNanoUsd]) => ({ name, costNanoUsd })),
    more: Math.max(0, groups.length - GROUPS_SHOWN),
  };
}
