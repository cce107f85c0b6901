// `tallyspan runs`: the list of runs.

import { Option, type Command } from 'commander';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatPercent,
  formatStatus,
  formatListValue,
} from '../../../core/text/format.ts';
import { RUNS_LIMIT, RUN_STATUS_WORDS, type RunFilter } from '../../../server/queries/runs/run-filter.ts';
import { RequestError } from '../../../server/questions/request-error.ts';
import { filterParams } from '../../../server/questions/filter-text.ts';
import { RUN_FILTER_NAMES, parseRunFilter } from '../../../server/questions/run-filter-params.ts';
import type { RunSumsAnswer, RunSummary } from '../../../server/source.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { formatMoment, formatWindow, zoneOf } from '../../terminal/moment.ts';
import { durationOption, durationText, parseCountUpTo } from '../../options.ts';
import {
  filterPairsOf,
  repeatedOption,
  withFilterOptions,
  type FilterOptions,
} from '../../filter-options.ts';
import { indented } from '../../terminal/paragraph.ts';
import { safeText } from '../../../core/text/safe-text.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { stretchOfOptions, withTimeOptions, type TimeOptions } from '../../time-options.ts';
import type { Stretch } from '../../../server/questions/stretch.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface RunsOptions extends SourceCliOptions, TimeOptions, FilterOptions {
  readonly failed?: boolean;
  readonly slowest?: boolean;
  readonly mostExpensive?: boolean;
  readonly since: number;
  readonly user?: readonly string[];
  readonly agent?: readonly string[];
  readonly agentVersion?: readonly string[];
  readonly project?: readonly string[];
  readonly task?: readonly string[];
  readonly tag?: readonly string[];
  readonly session?: readonly string[];
  readonly model?: readonly string[];
  readonly tool?: readonly string[];
  readonly unpriced?: boolean;
  readonly error?: readonly string[];
  readonly status?: readonly string[];
  readonly score?: readonly string[];
  readonly limit: number;
}

/** Each with an option of its own, which may stand several times. */
const NAMED = [
  { name: 'user', option: 'user', flags: '--user <id>', description: 'only runs of this user' },
  { name: 'agent', option: 'agent', flags: '--agent <name>', description: 'only runs of this agent' },
  {
    name: 'version',
    option: 'agentVersion',
    flags: '--agent-version <version>',
    description: 'only runs of this version of the agent',
  },
  { name: 'project', option: 'project', flags: '--project <name>', description: 'only runs of this project' },
  { name: 'task', option: 'task', flags: '--task <type>', description: 'only runs of this kind of task' },
  { name: 'tag', option: 'tag', flags: '--tag <tag>', description: 'only runs with this tag' },
  { name: 'session', option: 'session', flags: '--session <id>', description: 'only runs of this session' },
  {
    name: 'status',
    option: 'status',
    flags: '--status <status>',
    description: `only runs with this status: ${RUN_STATUS_WORDS.join(', ')}`,
  },
  {
    name: 'model',
    option: 'model',
    flags: '--model <id>',
    description: 'only runs with a call answered by this model',
  },
  { name: 'tool', option: 'tool', flags: '--tool <name>', description: 'only runs that called this tool' },
  {
    name: 'error',
    option: 'error',
    flags: '--error <text>',
    description: 'only runs in which an error has this in its type',
  },
  {
    name: 'score',
    option: 'score',
    flags: '--score <score>',
    description: 'only runs with this score: helpful, "helpful<0.7", helpful=good',
  },
] as const satisfies readonly {
  readonly name: string;
  readonly option: keyof RunsOptions;
  readonly flags: string;
  readonly description: string;
}[];

const SHORT_ID_LENGTH = 8;

export function registerRuns(program: Command, io: CliIo): void {
  const command = withTimeOptions(program.command('runs').description('the runs, newest first'))
    .option('--failed', 'only runs that did not end ok')
    .option('--slowest', 'slowest first')
    .option('--most-expensive', 'most expensive first')
    // Its name in the first version.
    .addOption(new Option('--dearest').hideHelp().implies({ mostExpensive: true }))
    .addOption(durationOption('--since <time>', 'how far back to look', '24h'));
  for (const { flags, description } of NAMED) command.addOption(repeatedOption(flags, description));
  command
    .option('--unpriced', 'only runs with a call that has no price')
    .option('--limit <n>', 'at most this many', parseCountUpTo(RUNS_LIMIT), 50);
  withSourceOptions(withFilterOptions(command)).action(async (options: RunsOptions) => {
    const asked = askedOf(options, io.now());
    const isNamed = options.from !== undefined || options.to !== undefined;
    const { runs, sums, timezone, place, stretch } = await withSource(options, io, async (source) => {
      const zone = isNamed || options.json !== true ? await zoneOf(source) : '';
      const named = stretchOfOptions(options, io.now(), zone);
      const filter = { ...asked, ...orderOf(options, io, named) };
      return {
        place: source.name,
        stretch: named,
        timezone: zone,
        runs: await source.runs({ ...filter, limit: options.limit }),
        sums: options.json === true ? undefined : await source.runSums(filter),
      };
    });
    writeAnswer(runs, options, io, (safe) => {
      if (safe.length === 0)
        return `${noRunsText(options, stretch && spanText(stretch, io.now()))}Asked: ${safeText(place)}\n`;
      const more = sums !== undefined && sums.runs > safe.length ? moreText(options, safe.length) : '';
      const sum = sums === undefined ? `${formatCountOf(safe.length, 'run')} listed` : sumText(sums);
      const below = indented(`${sum}; times in ${timezone}${more}`, '', '', io.stdout).join('\n');
      return `${renderTable(safe, columnsOf(io.now(), timezone), io.stdout)}${below}\n`;
    });
  });
}

/** The time and the order of the list. */
function orderOf(
  options: RunsOptions,
  io: CliIo,
  stretch: Stretch | undefined,
): Pick<RunFilter, 'since' | 'until' | 'sort'> {
  return {
    since: stretch?.from ?? io.now() - options.since,
    // What moves with the clock has no end: a run that began a moment ago belongs to it.
    ...(stretch !== undefined && stretch.to < io.now() && { until: stretch.to }),
    sort: options.slowest === true ? 'slowest' : options.mostExpensive === true ? 'most-expensive' : 'newest',
  };
}

/** Throws a usage error on what cannot be understood. */
function askedOf(options: RunsOptions, nowMs: number): Omit<RunFilter, 'limit'> {
  const { failed, unpriced } = options;
  const given = NAMED.flatMap(({ name, option }) =>
    (options[option] ?? []).map((value) => [name, value] as const),
  );
  const flags = Object.entries({ failed, unpriced }).flatMap(([name, is]) =>
    is === true ? [[name, 'true'] as const] : [],
  );
  const pairs = [...given, ...flags, ...filterPairsOf(options, RUN_FILTER_NAMES)];
  try {
    return parseRunFilter(filterParams(pairs), nowMs);
  } catch (error) {
    throw error instanceof RequestError ? usageError(error.message) : error;
  }
}

function spanText({ from, to, timezone }: Stretch, nowMs: number): string {
  const span = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  return formatWindow(span, { nowMs, timezone });
}

/** What was asked for, as it was written. */
function noRunsText(options: RunsOptions, named: string | undefined): string {
  const asked = [
    ...(options.failed === true ? ['--failed'] : []),
    ...NAMED.flatMap(({ flags, option }) =>
      (options[option] ?? []).map((value) => `${flags.replace(/ .*/, '')} ${value}`),
    ),
    ...(options.unpriced === true ? ['--unpriced'] : []),
    ...(options.not ?? []).map((filter) => `--not ${filter}`),
    ...(options.filter ?? []).map((line) => `--filter ${JSON.stringify(line)}`),
  ];
  const stretch =
    named === undefined ? `in the last ${durationText(options.since)}` : `in that time (${named})`;
  if (named !== undefined)
    return asked.length > 0
      ? `no runs match ${safeText(asked.join(' '))} ${stretch}.\n`
      : `no runs ${stretch}.\n`;
  return asked.length > 0
    ? `no runs match ${safeText(asked.join(' '))} ${stretch}. Look further back with --since.\n`
    : `no runs ${stretch}. Look further back with --since, or start your agent with: tallyspan exec -- npm start\n`;
}

/** What all runs that match sum to: `12 runs, $3.20, 8.3 % failed`. */
function sumText({ runs, failed, running, cost_nano_usd: cost, ...sums }: RunSumsAnswer): string {
  const ended = runs - running;
  const listValue = formatListValue(cost, sums.list_value_nano_usd);
  const parts = [
    formatCountOf(runs, 'run'),
    `${formatCost(cost)}${listValue === undefined ? '' : ` (${listValue})`}`,
  ];
  if (ended > 0) parts.push(`${formatPercent(failed / ended)} failed`);
  if (running > 0) parts.push(`${formatCount(running)} running`);
  return parts.join(', ');
}

function moreText({ slowest, mostExpensive }: RunsOptions, shown: number): string {
  const which = slowest === true ? 'slowest' : mostExpensive === true ? 'most expensive' : 'newest';
  return `; the ${which} ${formatCount(shown)} of them, --limit shows up to ${formatCount(RUNS_LIMIT)}`;
}

function columnsOf(nowMs: number, timezone: string): readonly TextColumn<RunSummary>[] {
  return [
    { title: 'STARTED', whole: true, value: (run) => formatMoment(run.started_at, nowMs, timezone) },
    { title: 'RUN', whole: true, value: (run) => run['agent.run_id'].slice(0, SHORT_ID_LENGTH) },
    { title: 'AGENT', value: (run) => run['gen_ai.agent.name'] ?? run['service.name'] ?? '' },
    { title: 'USER', value: (run) => run['user.id'] ?? '' },
    {
      title: 'STATUS',
      whole: true,
      value: (run) => formatStatus(run['agent.status'] ?? ''),
      tone: (run) =>
        run['agent.status'] === 'ok' ? 'good' : run['agent.status'] === 'running' ? 'faint' : 'bad',
    },
    { title: 'TURNS', align: 'right', optional: true, value: (run) => formatCount(run['agent.turns']) },
    { title: 'TIME', align: 'right', value: (run) => formatDuration(durationMsOf(run, nowMs)) },
    { title: 'COST', align: 'right', value: (run) => formatCost(run['agent.cost_nano_usd']) },
    { title: 'WHAT', shrinks: true, wraps: true, value: describeRun },
  ];
}

/** Of a run that goes on, what it has taken so far. */
function durationMsOf(run: RunSummary, nowMs: number): number | null {
  return run.ended_at === null ? Math.max(0, nowMs - Date.parse(run.started_at)) : run.duration_ms;
}

function describeRun(run: RunSummary): string {
  const parts: string[] = [];
  if (run.nested_runs > 0)
    parts.push(
      `${formatCost(run.cost_with_nested_nano_usd)} with ${formatCountOf(run.nested_runs, 'nested run')}`,
    );
  const listValue = formatListValue(run['agent.cost_nano_usd'], run.list_value_nano_usd);
  if (listValue !== undefined) parts.push(listValue);
  if (run.unpriced_calls > 0) parts.push(`${formatCountOf(run.unpriced_calls, 'call')} unpriced`);
  if (run.estimated_calls > 0) parts.push('cost estimated');
  if (run['error.type'] !== null) parts.push(run['error.type']);
  if (run['agent.task_type'] !== null) parts.push(run['agent.task_type']);
  const toolCalls = run['agent.tool_calls'] ?? 0;
  if (toolCalls > 0) parts.push(formatCountOf(toolCalls, 'tool call'));
  return parts.join(', ');
}
