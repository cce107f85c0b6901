// `tallyspan run ID`: one run as a tree, rebuilt from storage.

import type { Command } from 'commander';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
  NO_DATA,
  formatStatus,
  formatNoteName,
  formatNoteText,
} from '../../core/format.ts';
import type { RunTree } from '../../server/source.ts';
import { writeAnswer } from '../terminal/answer.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import { parseRunId } from '../options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../source-options.ts';
import { renderTable, type TextColumn } from '../terminal/table.ts';

type Step = RunTree['steps'][number];

export function registerRun(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('run')
      .description('one run: its steps in order, each failed tool call before the model call that read it')
      .argument('<id>', 'run id, or an unambiguous beginning of it', parseRunId),
  ).action(async (id: string, options: SourceCliOptions) => {
    const run = await withSource(options, io, async (source) => {
      const found = await source.run(id);
      if (found === undefined) {
        throw new CliError(
          `no run begins with "${id}" in ${source.name}. List them: tallyspan runs --since 30d`,
        );
      }
      return found;
    });
    writeAnswer(run, options, io, (safe) => renderRun(safe, io));
  });
}

function renderRun(run: RunTree, io: CliIo): string {
  const facts = [
    run['gen_ai.agent.name'] ?? run['service.name'],
    run['user.id'],
    formatStatus(run['agent.status'] ?? ''),
    run['error.type'],
    formatDuration(run.duration_ms),
    countOf(run['agent.turns'], 'turn'),
    countOf(run['agent.tool_calls'], 'tool call'),
    formatCost(run['agent.cost_nano_usd']),
    run.nested_runs > 0
      ? `${formatCost(run.cost_with_nested_nano_usd)} with its ${formatCountOf(run.nested_runs, 'run')}`
      : null,
    run.unpriced_calls > 0 ? `${formatCountOf(run.unpriced_calls, 'call')} unpriced` : null,
  ].filter((fact) => fact !== null && fact !== undefined);
  return [
    `run ${run['agent.run_id']}  ${facts.join('  ')}\n`,
    `trace ${run.trace_id ?? '–'}  started ${run.started_at}\n\n`,
    renderTable(run.steps, STEP_COLUMNS, io.stdout),
    ...run.silent_failures.map(
      (failure) =>
        `unnoticed at step ${failure.step}: ${failure.kind.replaceAll('_', ' ')}: ${failure.text}\n`,
    ),
    ...run.children.map(
      (child) =>
        `started run ${child['agent.run_id']}  ${offsetOf(child, run)}  ${formatStatus(child['agent.status'] ?? '')}  ${formatCost(child['agent.cost_nano_usd'])}\n`,
    ),
  ].join('');
}

function countOf(count: number | null, noun: string): string {
  return count === null ? `${NO_DATA} ${noun}s` : formatCountOf(count, noun);
}

/** When the nested run began, from the start of the run. */
function offsetOf(child: RunTree['children'][number], run: RunTree): string {
  return `+${formatDuration(Math.max(0, Date.parse(child.started_at) - Date.parse(run.started_at)))}`;
}

const STEP_COLUMNS: readonly TextColumn<Step>[] = [
  { title: 'AT', align: 'right', value: (step) => `+${formatDuration(step.offset_ms)}` },
  { title: 'STEP', value: nameStep },
  { title: 'TIME', align: 'right', value: (step) => formatDuration(numberIn(step, 'duration_ms')) },
  { title: 'IN', align: 'right', value: (step) => tokensIn(step, 'tokens_input') },
  { title: 'READ', align: 'right', optional: true, value: (step) => tokensIn(step, 'tokens_cache_read') },
  { title: 'WRITTEN', align: 'right', optional: true, value: writtenTokens },
  { title: 'OUT', align: 'right', value: (step) => tokensIn(step, 'tokens_output') },
  { title: 'COST', align: 'right', value: costOf },
  { title: 'TOTAL', align: 'right', optional: true, value: (step) => formatCost(step.total_cost_nano_usd) },
  {
    title: 'WHAT',
    shrinks: true,
    value: describeStep,
    tone: (step) =>
      step['tool.ok'] === false || textIn(step, 'error.type') !== undefined ? 'bad' : undefined,
  },
];

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
    const retried = listIn(step, 'retried_status');
    if (retried !== undefined) words.push(`retried after ${retried}`);
    if ((step.reads_failed?.length ?? 0) > 0) words.push('reads the failed result');
    if (step['tallyspan.cost.status'] === 'unpriced') {
      words.push(`unpriced: ${textIn(step, 'tallyspan.cost.unpriced_reason') ?? ''}`);
    }
  } else words.push(formatNoteText(step));
  return words.filter((word) => word !== undefined && word !== '').join(', ');
}

function costOf(step: Step): string {
  if (step.step !== 'model_call') return '';
  const cost = formatCost(numberIn(step, 'cost_nano_usd'));
  return step['tallyspan.cost.status'] === 'estimated' ? `${cost} (est.)` : cost;
}

function writtenTokens(step: Step): string {
  if (step.step !== 'model_call') return '';
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
