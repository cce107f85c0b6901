// `tallyspan run ID`: one run as a tree, rebuilt from storage, with the runs nested in it; one of its steps with what was
// sent and what came back; or two runs side by side.

import type { Command } from 'commander';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
  NO_DATA,
  formatStatus,
  formatListValue,
  formatNoteName,
  formatNoteText,
} from '../../../core/text/format.ts';
import { isUnanswered, UNANSWERED } from '../../../core/model-call/unanswered.ts';
import { cutText } from '../../../core/text/cut-text.ts';
import type { RunTree, Source } from '../../../server/source.ts';
import { parseCount, parseRunId } from '../../options.ts';
import { renderDiff } from '../../run/render-diff.ts';
import { renderScores } from '../../run/render-scores.ts';
import { readContents } from '../../run/run-content.ts';
import { readNested, treeRows, type TreeRow } from '../../run/run-tree.ts';
import { describeCall, renderStep } from '../../run/render-step.ts';
import { writeAnswer, writeJson } from '../../terminal/answer.ts';
import { CliError, usageError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { formatMoment, zoneOf } from '../../terminal/moment.ts';
import { indented } from '../../terminal/paragraph.ts';
import { safeLines, safeTexts } from '../../terminal/safe-text.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

type Step = RunTree['steps'][number];

interface RunOptions extends SourceCliOptions {
  readonly step?: number;
  readonly whole?: boolean;
  readonly diff?: readonly string[];
  readonly key?: string;
}

export function registerRun(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('run')
      .description(
        'one run: its steps in order with the runs nested in it, one step, or two runs side by side',
      )
      .argument('[id]', 'run id, or an unambiguous beginning of it', parseRunId)
      .option('--step <n>', 'only this step: what was sent, what came back, what it cost', parseCount)
      .option('--whole', 'with --step: all that was sent, not only what is new since the previous call')
      .option('--diff <ids...>', 'side by side: with another run, or two runs')
      .option('--key <file>', 'key of the recorded content (default: in the data folder)'),
  ).action(async (id: string | undefined, options: RunOptions) => {
    if (options.diff !== undefined) return compareRuns(id, options, io);
    if (id === undefined) throw usageError('say which run: tallyspan run ID. `tallyspan runs` lists them');
    if (options.step !== undefined) return showStep(id, options.step, options, io);
    const { run, nested, timezone } = await withSource(options, io, async (source) => {
      const found = await readOne(source, id);
      // The JSON is that of the run alone.
      if (options.json === true) return { run: found, nested: [], timezone: 'UTC' };
      return { run: found, nested: await readNested(source, found), timezone: await zoneOf(source) };
    });
    writeAnswer(run, options, io, (safe) => renderRun(safe, treeRows(safe, safeTexts(nested)), timezone, io));
  });
}

async function readOne(source: Source, id: string): Promise<RunTree> {
  const found = await source.run(id);
  if (found === undefined) {
    throw new CliError(`no run begins with "${id}" in ${source.name}. List them: tallyspan runs --since 30d`);
  }
  return found;
}

async function compareRuns(id: string | undefined, options: RunOptions, io: CliIo): Promise<void> {
  const [a, b, ...rest] = [...(id === undefined ? [] : [id]), ...(options.diff ?? [])].map(parseRunId);
  if (a === undefined || b === undefined || rest.length > 0)
    throw usageError('compare two runs: tallyspan run --diff ID ID');
  const [one, other] = await withSource(options, io, async (source) => {
    const runs = [await readOne(source, a), await readOne(source, b)];
    return Promise.all(
      runs.map(async (run) => ({ run, contents: await readContents(source, run, options.key) })),
    );
  });
  if (one === undefined || other === undefined) return;
  if (options.json === true) writeJson(io, [one.run, other.run]);
  else io.stdout.write(renderDiff(one, other, io));
}

async function showStep(id: string, number: number, options: RunOptions, io: CliIo): Promise<void> {
  const { run, contents } = await withSource(options, io, async (source) => {
    const found = await readOne(source, id);
    return { run: found, contents: await readContents(source, found, options.key) };
  });
  const call = run.steps.find((step) => step.step === 'model_call' && step['agent.step_number'] === number);
  if (call === undefined) {
    const last = run.steps.filter((step) => step.step === 'model_call').length;
    throw new CliError(`run ${run['agent.run_id']} has no step ${String(number)}: it has ${String(last)}.`);
  }
  const content = describeCall(run, call, contents);
  if (options.json === true) writeJson(io, { ...call, ...content.json });
  else io.stdout.write(safeLines(renderStep(run, call, content, options.whole === true)));
}

function renderRun(run: RunTree, rows: readonly TreeRow[], timezone: string, io: CliIo): string {
  const facts = [
    run['gen_ai.agent.name'] ?? run['service.name'],
    run['user.id'],
    formatStatus(run['agent.status'] ?? ''),
    run['error.type'],
    formatDuration(run.duration_ms),
    countOf(run['agent.turns'], 'turn'),
    countOf(run['agent.tool_calls'], 'tool call'),
    [
      formatCost(run['agent.cost_nano_usd']),
      formatListValue(run['agent.cost_nano_usd'], run.list_value_nano_usd),
    ]
      .filter((text) => text !== undefined)
      .join(' '),
    run.nested_runs > 0
      ? `${formatCost(run.cost_with_nested_nano_usd)} with its ${formatCountOf(run.nested_runs, 'run')}`
      : null,
    run.unpriced_calls > 0 ? `${formatCountOf(run.unpriced_calls, 'call')} unpriced` : null,
  ].filter((fact) => fact !== null && fact !== undefined);
  return [
    `run ${run['agent.run_id']}  ${facts.join('  ')}\n`,
    `trace ${run.trace_id ?? '–'}  started ${formatMoment(run.started_at, io.now(), timezone)} (${timezone})\n\n`,
    renderTable(rows, COLUMNS, io.stdout),
    ...run.silent_failures.flatMap((failure) =>
      indented(
        `${failure.kind.replaceAll('_', ' ')}: ${failure.text}`,
        `unnoticed at step ${failure.step}: `,
        '  ',
        io.stdout,
      ).map((line) => `${line}\n`),
    ),
    ...renderScores(run.scores, io),
  ].join('');
}

function countOf(count: number | null, noun: string): string {
  return count === null ? `${NO_DATA} ${noun}s` : formatCountOf(count, noun);
}

/** Deeper ones stand no further to the right. */
const INDENTED_LEVELS = 8;

/** A cell of a step, and of a nested run. */
function cell(
  ofStep: (step: Step) => string,
  ofRun: (run: RunTree) => string = () => '',
): (row: TreeRow) => string {
  return (row) => ('step' in row ? ofStep(row.step) : ofRun(row.run));
}

const COLUMNS: readonly TextColumn<TreeRow>[] = [
  { title: 'AT', align: 'right', value: (row) => `+${formatDuration(row.atMs)}` },
  {
    title: 'STEP',
    value: (row) =>
      '  '.repeat(Math.min(row.depth, INDENTED_LEVELS)) +
      cell(
        nameStep,
        (run) => `run   ${run['gen_ai.agent.name'] ?? ''} ${run['agent.run_id'].slice(0, 8)}`,
      )(row),
  },
  {
    title: 'TIME',
    align: 'right',
    value: cell(
      (step) => formatDuration(numberIn(step, 'duration_ms')),
      (run) => formatDuration(run.duration_ms),
    ),
  },
  {
    title: 'IN',
    align: 'right',
    value: cell(
      (step) => tokensIn(step, 'tokens_input'),
      (run) => formatTokens(run['agent.tokens_in']),
    ),
  },
  {
    title: 'READ',
    align: 'right',
    optional: true,
    value: cell((step) => tokensIn(step, 'tokens_cache_read')),
  },
  { title: 'WRITTEN', align: 'right', optional: true, value: cell(writtenTokens) },
  {
    title: 'OUT',
    align: 'right',
    value: cell(
      (step) => tokensIn(step, 'tokens_output'),
      (run) => formatTokens(run['agent.tokens_out']),
    ),
  },
  { title: 'COST', align: 'right', value: cell(costOf, (run) => formatCost(run['agent.cost_nano_usd'])) },
  {
    title: 'TOTAL',
    align: 'right',
    optional: true,
    value: cell((step) => formatCost(step.total_cost_nano_usd)),
  },
  {
    title: 'WHAT',
    shrinks: true,
    wraps: true,
    value: cell(describeStep, (run) =>
      [formatStatus(run['agent.status']), run['error.type'] ?? ''].filter((word) => word !== '').join(', '),
    ),
    tone: (row) =>
      'step' in row
        ? row.step['tool.ok'] === false || textIn(row.step, 'error.type') !== undefined
          ? 'bad'
          : undefined
        : ['ok', 'running'].includes(row.run['agent.status'])
          ? undefined
          : 'bad',
  },
];

/** Characters of what a note says. */
const NOTE_SHOWN = 300;

function nameStep(step: Step): string {
  if (step.step === 'model_call') {
    return `model ${textIn(step, 'gen_ai.response.model') ?? textIn(step, 'gen_ai.request.model') ?? ''}`;
  }
  if (step.step === 'note') return `note  ${formatNoteName(step)}`;
  return `tool    ${textIn(step, 'gen_ai.tool.name') ?? ''}`;
}

function describeStep(step: Step): string {
  const words: (string | undefined)[] = [];
  if (step.step === 'tool_call') {
    if (step['tool.ok'] === false) words.push(`FAILED ${textIn(step, 'error.type') ?? ''}`.trim());
    const retry = numberIn(step, 'tool.retry_attempt') ?? 0;
    if (retry > 0) words.push(`retry ${String(retry)}`);
    const size = numberIn(step, 'tool.result_len');
    if (size !== undefined) words.push(`${formatCount(size)} chars`);
    if (step['tool.result_empty'] === true) words.push('empty result');
  } else if (step.step === 'model_call') {
    if (textIn(step, 'error.type') !== undefined) words.push(`FAILED ${textIn(step, 'error.type') ?? ''}`);
    words.push(listIn(step, 'gen_ai.response.finish_reasons'));
    const searches = numberIn(step, 'web_searches') ?? 0;
    if (searches > 0) words.push(searches === 1 ? '1 web search' : `${formatCount(searches)} web searches`);
    if (isUnanswered(step)) words.push(UNANSWERED);
    const retried = listIn(step, 'retried_status');
    if (retried !== undefined) words.push(`retried after ${retried}`);
    if ((step.reads_failed?.length ?? 0) > 0) words.push('reads the failed result');
    if (step['tallyspan.cost.status'] === 'unpriced') {
      words.push(`unpriced: ${textIn(step, 'tallyspan.cost.unpriced_reason') ?? ''}`);
    }
  } else words.push(cutText(formatNoteText(step) ?? '', NOTE_SHOWN));
  return words.filter((word) => word !== undefined && word !== '').join(', ');
}

function costOf(step: Step): string {
  if (step.step !== 'model_call') return '';
  if (step['tallyspan.duplicate'] === true) return 'counted before';
  const cost = formatCost(numberIn(step, 'cost_nano_usd'));
  return step['tallyspan.cost.status'] === 'estimated' ? `${cost} (est.)` : cost;
}

function writtenTokens(step: Step): string {
  if (step.step !== 'model_call') return '';
  if (numberIn(step, 'tokens_input') === undefined) return NO_DATA;
  return formatTokens(
    (numberIn(step, 'tokens_cache_write_5m') ?? 0) + (numberIn(step, 'tokens_cache_write_1h') ?? 0),
  );
}

function tokensIn(step: Step, key: string): string {
  return step.step === 'model_call' ? formatTokens(numberIn(step, key)) : '';
}

function numberIn(step: Step, key: string): number | undefined {
  const value = step[key];
  return typeof value === 'number' ? value : undefined;
}

function textIn(step: Step, key: string): string | undefined {
  const value = step[key];
  return typeof value === 'string' ? value : undefined;
}

function listIn(step: Step, key: string): string | undefined {
  const value = step[key];
  return Array.isArray(value) && value.length > 0 ? value.join(' ') : undefined;
}
