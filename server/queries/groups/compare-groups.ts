// The comparison of two groups of runs: each number of both, the difference with its interval, what that means, and how many
// runs a verdict would still need. Pages, the API and the command line show this one.

import type { Unit } from '../../../core/schema.ts';
import type { GroupQuestion } from '../../questions/group-question.ts';
import { RequestError } from '../../questions/request-error.ts';
import type { Queryable } from '../../store/file/database.ts';
import { readPromptVersions } from '../runs/compare/prompt-versions.ts';
import type { ConfidenceInterval } from './group-interval.ts';
import {
  differenceIntervals,
  runsMissing,
  SCORE_STATISTICS,
  STATISTICS,
  type ScoreStatistic,
  type Statistic,
  type StatisticOf,
  type WholeNumber,
} from './group-stats.ts';
import { valuesOf } from '../runs/run-filter.ts';
import { readGroup, type Group, type GroupScore } from './read-group.ts';

/** `better`, `worse`: B against A, beyond chance; `more`, `less` where neither is good. */
export type GroupVerdict = 'better' | 'worse' | 'more' | 'less' | 'may_be_chance' | 'too_few_runs';

/** One number of both groups. */
export interface GroupDifference {
  /** A statistic, or one of a score: `score_mean/helpful`. */
  readonly id: string;
  readonly title: string;
  readonly unit: Extract<Unit, 'nanoUsd' | 'ms' | 'tokens' | '1'> | 'ratio';
  readonly a: number | null;
  readonly b: number | null;
  readonly difference: number | null;
  /** Ends of the interval that holds the difference with 95 % confidence; null with too few runs. */
  readonly low: number | null;
  readonly high: number | null;
  readonly verdict: GroupVerdict;
  /** Runs that the number is from. */
  readonly runs_a: number;
  readonly runs_b: number;
  /** Further runs of each group for a verdict, if the difference stays as it is; null where there is none so far. */
  readonly more_runs_a: number | null;
  readonly more_runs_b: number | null;
}

export interface GroupSummary {
  /** As it was asked for. */
  readonly group: string;
  /** ISO 8601 UTC. */
  readonly from: string;
  readonly to: string;
  readonly runs: number;
  readonly failed_runs: number;
  readonly cost_nano_usd: number | null;
}

export interface GroupsReport {
  readonly a: GroupSummary;
  readonly b: GroupSummary;
  readonly numbers: readonly GroupDifference[];
}

interface Line {
  readonly title: string;
  readonly unit: GroupDifference['unit'];
  /** Which direction is good. */
  readonly better: 'up' | 'down' | 'neither';
}

const LINES: Readonly<Record<Statistic, Line>> = {
  success_rate: { title: 'Success', unit: 'ratio', better: 'up' },
  cost_per_run: { title: 'Cost per run', unit: 'nanoUsd', better: 'down' },
  cost_per_success: { title: 'Cost per successful run', unit: 'nanoUsd', better: 'down' },
  duration_p50: { title: 'Time of a run, p50', unit: 'ms', better: 'down' },
  duration_p95: { title: 'Time of a run, p95', unit: 'ms', better: 'down' },
  turns_per_run: { title: 'Turns per run', unit: '1', better: 'neither' },
  tool_calls_per_run: { title: 'Tool calls per run', unit: '1', better: 'neither' },
  tokens_in_per_run: { title: 'Tokens in per run', unit: 'tokens', better: 'neither' },
  tokens_out_per_run: { title: 'Tokens out per run', unit: 'tokens', better: 'neither' },
};

const SCORE_LINES: Readonly<Record<ScoreStatistic, (name: string) => Line>> = {
  score_share: (name) => ({ title: `Share of good, ${name}`, unit: 'ratio', better: 'up' }),
  // Of a number nobody said which direction is good: latency is a score, too.
  score_mean: (name) => ({ title: `Mean of ${name}`, unit: '1', better: 'neither' }),
  cost_per_good_run: (name) => ({ title: `Cost per good run, ${name}`, unit: 'nanoUsd', better: 'down' }),
};

export interface ComparedGroups {
  readonly a: Group;
  readonly b: Group;
  readonly report: GroupsReport;
}

/** @throws RequestError where a prompt version is named that is not there */
export async function compareGroups(
  database: Queryable,
  aQuestion: GroupQuestion,
  bQuestion: GroupQuestion,
): Promise<ComparedGroups> {
  const [a, b] = await Promise.all(
    [aQuestion, bQuestion].map(async (question) =>
      readGroup(database, await withPromptId(database, question)),
    ) as [Promise<Group>, Promise<Group>],
  );
  const scored = scoreColumns(a, b);
  const asked: readonly AskedNumber[] = [
    ...scored.map(({ id, statistic, name, scores }) => ({
      id,
      line: SCORE_LINES[statistic](name),
      statistic: SCORE_STATISTICS[statistic](name),
      a: wholeOf(scores.a, statistic),
      b: wholeOf(scores.b, statistic),
    })),
    ...(Object.keys(LINES) as Statistic[]).map((statistic) => ({
      id: statistic,
      line: LINES[statistic],
      statistic: STATISTICS[statistic],
      a: wholeOf(a.numbers, statistic),
      b: wholeOf(b.numbers, statistic),
    })),
  ];
  const intervals = differenceIntervals(
    a.drawn,
    b.drawn,
    { a: a.numbers.runs, b: b.numbers.runs },
    Object.fromEntries(asked.map(({ id, statistic }) => [id, statistic])),
    Object.fromEntries(asked.map(({ id, a: ofA, b: ofB }) => [id, { a: ofA, b: ofB }])),
  );
  const numbers = asked.map((one) => differenceOf(one, intervals[one.id] ?? null));
  return { a, b, report: { a: summaryOf(aQuestion, a), b: summaryOf(bQuestion, b), numbers } };
}

/** A number that two groups are compared in. */
interface AskedNumber {
  readonly id: string;
  readonly line: Line;
  readonly statistic: StatisticOf;
  readonly a: WholeNumber;
  readonly b: WholeNumber;
}

function differenceOf(
  { id, line, statistic, a, b }: AskedNumber,
  drawn: ConfidenceInterval | null,
): GroupDifference {
  const { fewest } = statistic([]);
  const difference = a.value === null || b.value === null ? null : b.value - a.value;
  const interval = Math.min(a.runs, b.runs) < fewest ? null : drawn;
  const missing = runsMissing({ a: a.runs, b: b.runs }, difference, interval, fewest);
  return {
    id,
    title: line.title,
    unit: line.unit,
    a: a.value,
    b: b.value,
    difference,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    verdict: verdictOf(interval, line.better),
    runs_a: a.runs,
    runs_b: b.runs,
    more_runs_a: missing?.a ?? null,
    more_runs_b: missing?.b ?? null,
  };
}

/** What is known of a whole group. */
function wholeOf<Name extends string>(
  numbers:
    | {
        readonly statistics: Readonly<Record<Name, number | null>>;
        readonly known: Readonly<Record<Name, number>>;
      }
    | undefined,
  statistic: Name,
): WholeNumber {
  return { value: numbers?.statistics[statistic] ?? null, runs: numbers?.known[statistic] ?? 0 };
}

const SCORES_COMPARED = 8;

interface ScoreColumn {
  readonly id: string;
  readonly name: string;
  readonly statistic: ScoreStatistic;
  readonly scores: { readonly a: GroupScore | undefined; readonly b: GroupScore | undefined };
}

/** The scores of the most runs: the share of good and what a good run costs where it is said, else the mean. */
function scoreColumns(a: Group, b: Group): readonly ScoreColumn[] {
  const runsOf = new Map<string, number>();
  for (const { name, runs } of [...a.numbers.scores, ...b.numbers.scores])
    runsOf.set(name, (runsOf.get(name) ?? 0) + runs);
  const names = [...runsOf.entries()]
    .toSorted((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
    .slice(0, SCORES_COMPARED)
    .map(([name]) => name);
  return names.flatMap((name) => {
    const scores = {
      a: a.numbers.scores.find((score) => score.name === name),
      b: b.numbers.scores.find((score) => score.name === name),
    };
    const both = [scores.a, scores.b].flatMap((score) => score ?? []);
    const statistics: ScoreStatistic[] = both.some(({ judgedRuns }) => judgedRuns > 0)
      ? ['score_share', 'cost_per_good_run']
      : both.some((score) => score.statistics.score_mean !== null)
        ? ['score_mean']
        : [];
    return statistics.map((statistic) => ({ id: `${statistic}/${name}`, name, statistic, scores }));
  });
}

function verdictOf(
  interval: { readonly low: number; readonly high: number } | null,
  better: Line['better'],
): GroupVerdict {
  if (interval === null) return 'too_few_runs';
  if (interval.low <= 0 && interval.high >= 0) return 'may_be_chance';
  const isUp = interval.low > 0;
  if (better === 'neither') return isUp ? 'more' : 'less';
  return isUp === (better === 'up') ? 'better' : 'worse';
}

function summaryOf({ text, stretch }: GroupQuestion, { numbers }: Group): GroupSummary {
  return {
    group: text,
    from: new Date(stretch.from).toISOString(),
    to: new Date(stretch.to).toISOString(),
    runs: numbers.runs,
    failed_runs: numbers.failed,
    cost_nano_usd: numbers.costNanoUsd,
  };
}

const VERSION_NAME = /^v[1-9]\d*$/;

/** The filter with the id of a prompt version that is named by its place, `agent:support prompt:v2`. */
async function withPromptId(
  database: Queryable,
  { filter, stretch }: GroupQuestion,
): Promise<GroupQuestion['filter']> {
  const { prompt, agent, excluded } = filter;
  const prompts = [...valuesOf(prompt), ...valuesOf(excluded?.prompt)];
  const first = prompts.find((name) => VERSION_NAME.test(name));
  if (first === undefined) return filter;
  const [ofAgent, other] = valuesOf(agent);
  if (ofAgent === undefined || other !== undefined)
    throw new RequestError(400, `prompt:${first} is a version of an agent: write agent:NAME prompt:${first}`);
  const versions = await readPromptVersions(database, ofAgent, stretch.from, stretch.to);
  const idOf = (name: string): string => {
    if (!VERSION_NAME.test(name)) return name;
    const found = versions.find((version) => version.name === name);
    if (found !== undefined) return found.id;
    throw new RequestError(
      404,
      `${ofAgent} has no prompt version ${name}; it has ${versions.map((one) => one.name).join(', ') || 'none'}`,
    );
  };
  return {
    ...filter,
    prompt: valuesOf(prompt).map(idOf),
    ...(excluded && { excluded: { ...excluded, prompt: valuesOf(excluded.prompt).map(idOf) } }),
  };
}
