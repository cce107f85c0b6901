// `tallyspan compare A B`: whether B is better than A, more expensive or slower, and how sure that is; `tallyspan versions`:
// what an agent was called with, and how good each was.

import type { Command } from 'commander';
import { formatCost, formatCount, formatCountOf } from '../../../core/text/format.ts';
import {
  intervalText,
  meaningText,
  numberText,
  scoreText,
  signedText,
} from '../../../server/queries/groups/group-texts.ts';
import { filterTextOf } from '../../../server/questions/filter-text.ts';
import { GROUPS_TIME } from '../../../server/questions/groups-params.ts';
import type { GroupDifference, GroupsReport, VersionsReport } from '../../../server/source.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { formatMoment, zoneOf, type TerminalClock } from '../../terminal/moment.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface CompareOptions extends SourceCliOptions {
  readonly agent?: string;
  readonly since: string;
}

export function registerCompare(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('compare')
      .description('two groups of runs: quality, cost, time and turns, and whether the difference is chance')
      .argument(
        '<a>',
        'a filter: version:1.4, "user:ana time:yesterday", or a prompt version with --agent: v1',
      )
      .argument('<b>', 'the other filter')
      .option('--agent <name>', 'only runs of this agent, whose prompt versions are v1, v2, …')
      .option('--since <time>', 'how far back to look: 24h, 7d', GROUPS_TIME),
  ).action(async (a: string, b: string, options: CompareOptions) => {
    const [groupA, groupB] = [groupOf(a, options.agent), groupOf(b, options.agent)];
    const report = await withSource(options, io, (source) =>
      source.groups({ a: groupA, b: groupB, time: options.since }),
    );
    writeAnswer(report, options, io, (safe) => renderComparison(safe, io.stdout));
  });
}

export function registerVersions(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('versions')
      .description('prompt and tool versions of an agent, by their hashes, with cost and scores')
      .argument('<agent>', 'name of the agent')
      .option('--since <time>', 'how far back to count: 24h, 7d', GROUPS_TIME),
  ).action(async (agent: string, options: CompareOptions) => {
    const { report, timezone } = await withSource(options, io, async (source) => ({
      report: await source.versions({ agent, time: options.since }),
      timezone: options.json === true ? 'UTC' : await zoneOf(source),
    }));
    writeAnswer(report, options, io, (safe) =>
      renderVersions(safe, io.stdout, { nowMs: io.now(), timezone }),
    );
  });
}

const VERSION_NAME = /^v[1-9]\d*$/;

function groupOf(text: string, agent: string | undefined): string {
  if (VERSION_NAME.test(text) && agent === undefined)
    throw usageError(`${text} is a prompt version of an agent: name it with --agent`);
  const filter = VERSION_NAME.test(text) ? `prompt:${text}` : text;
  return agent === undefined ? filter : `${filterTextOf([['agent', agent]])} ${filter}`;
}

const COLUMNS: readonly TextColumn<GroupDifference>[] = [
  { title: '', whole: true, value: ({ title }) => title },
  { title: 'A', align: 'right', value: ({ a, unit }) => numberText(a, unit) },
  { title: 'B', align: 'right', value: ({ b, unit }) => numberText(b, unit) },
  { title: 'B − A', align: 'right', value: ({ difference, unit }) => signedText(difference, unit) },
  { title: 'INTERVAL (95 %)', align: 'right', optional: true, value: intervalText },
  {
    title: 'MEANING',
    shrinks: true,
    wraps: true,
    tone: ({ verdict }) =>
      verdict === 'worse' ? 'bad' : verdict === 'better' ? 'good' : verdict === 'more' ? undefined : 'faint',
    value: meaningText,
  },
];

function renderComparison({ a, b, numbers }: GroupsReport, output: CliOutput): string {
  const line = (name: string, { group, runs, failed_runs: failed, cost_nano_usd: cost }: typeof a): string =>
    `${name}: ${group}: ${formatCountOf(runs, 'run')}, ${formatCount(failed)} failed, ${formatCost(cost)}\n`;
  return `${line('A', a)}${line('B', b)}\n${renderTable(numbers, COLUMNS, output)}`;
}

type VersionRow = VersionsReport['versions'][number];

const versionColumns = (clock: TerminalClock): readonly TextColumn<VersionRow>[] => [
  { title: 'VERSION', whole: true, value: ({ version }) => version },
  { title: 'ID', whole: true, optional: true, value: ({ id }) => id },
  { title: 'CHANGED', value: ({ changed }) => changed },
  {
    title: 'LAST SEEN',
    optional: true,
    whole: true,
    value: ({ last_seen: at }) => formatMoment(at, clock.nowMs, clock.timezone),
  },
  { title: 'RUNS', align: 'right', value: ({ runs }) => formatCount(runs) },
  { title: 'COST', align: 'right', value: ({ cost_nano_usd: cost }) => formatCost(cost) },
  {
    title: 'SCORES',
    shrinks: true,
    value: ({ scores }) =>
      scores
        .map(({ score, runs, mean, share, cost_per_good_run_nano_usd: cost }) =>
          scoreText({
            name: score,
            runs,
            statistics: { score_mean: mean, score_share: share, cost_per_good_run: cost },
          }),
        )
        .join('; '),
  },
];

function renderVersions(
  { agent, versions }: VersionsReport,
  output: CliOutput,
  clock: TerminalClock,
): string {
  if (versions.length === 0)
    return `no call of ${agent} says what it was asked with: check the name with tallyspan runs\n`;
  return `${renderTable(versions, versionColumns(clock), output)}times in ${clock.timezone}\n`;
}
