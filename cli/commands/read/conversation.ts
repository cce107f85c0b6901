// `tallyspan conversation ID`: the model calls of a session by turn. A turn is a run that no other run of the session
// started; the calls of its nested runs stand below its own.

import type { Command } from 'commander';
import { formatCost, formatCount, formatCountOf, formatTokens } from '../../../core/text/format.ts';
import { usdOf } from '../../../core/money.ts';
import { RUNS_LIMIT } from '../../../server/queries/runs/run-filter.ts';
import { nestRuns } from '../../../server/queries/runs/nested/nest-runs.ts';
import type { RunSummary, RunTree, Source } from '../../../server/source.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { formatMoment, zoneOf } from '../../terminal/moment.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

/** One model call of the session, with the tool calls that it asked for. */
interface Call {
  /** Number of the turn that it belongs to, from 1. */
  readonly turn: number;
  /** 0 for the run that is the turn, 1 for a run that it started, and so on. */
  readonly depth: number;
  readonly 'agent.run_id': string;
  readonly 'agent.parent_run_id': string | null;
  readonly 'agent.step_number': number | null;
  readonly started_at: string;
  readonly 'gen_ai.response.model': string | null;
  readonly 'gen_ai.response.finish_reasons': readonly string[];
  readonly 'error.type': string | null;
  readonly 'gen_ai.usage.input_tokens': number | null;
  readonly 'gen_ai.usage.output_tokens': number | null;
  readonly tokens_cache_read: number | null;
  readonly cost_nano_usd: number | null;
  readonly cost_usd: number | null;
  readonly tool_calls: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly retry_attempt: number;
  }[];
}

/** A run of the session: a turn, or one that stands below it. */
type PlacedRun = RunSummary & Pick<Call, 'turn' | 'depth'>;

/** Deeper nested runs stand no further to the right. */
const INDENTED_LEVELS = 4;

export function registerConversation(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('conversation')
      .description('the turns of a session: model, usage, cost, tool calls')
      .argument('<id>', 'session id (gen_ai.conversation.id)'),
  ).action(async (id: string, options: SourceCliOptions) => {
    const { runs, calls, timezone } = await withSource(options, io, async (source) => {
      const placed = await readPlacedRuns(source, id);
      return { runs: placed, calls: await readCalls(source, placed), timezone: await zoneOf(source) };
    });
    // `turns` are the model calls: the name that they always had here.
    const answer = { 'gen_ai.conversation.id': id, runs, turns: calls };
    writeAnswer(
      answer,
      options,
      io,
      (safe) =>
        `${countText(safe.runs)}\n\n${renderTable(safe.turns, columnsOf(io.now(), timezone), io.stdout)}times in ${timezone}${cutText(runs.length)}\n`,
    );
  });
}

/** A longer session is not shown whole. */
function cutText(runs: number): string {
  return runs < RUNS_LIMIT ? '' : `; the newest ${formatCount(RUNS_LIMIT)} runs, and there may be more`;
}

function countText(runs: readonly PlacedRun[]): string {
  const nested = runs.filter(({ depth }) => depth > 0).length;
  const turns = formatCountOf(runs.length - nested, 'turn');
  return nested === 0 ? turns : `${turns}, ${formatCountOf(nested, 'nested run')}`;
}

async function readPlacedRuns(source: Source, id: string): Promise<PlacedRun[]> {
  const runs = await source.runs({ session: id, limit: RUNS_LIMIT });
  if (runs.length === 0)
    throw new CliError(`no session "${id}" in ${source.name}. List sessions: tallyspan cost --by session`);
  return nestRuns(runs).flatMap(({ run, nested }, index) =>
    [{ run, depth: 0 }, ...nested].map((one) => ({ turn: index + 1, depth: one.depth, ...one.run })),
  );
}

async function readCalls(source: Source, runs: readonly PlacedRun[]): Promise<Call[]> {
  const calls: Call[] = [];
  for (const { turn, depth, 'agent.run_id': runId } of runs) {
    const run = await source.run(runId);
    if (run !== undefined) calls.push(...callsOf(run, turn, depth));
  }
  return calls;
}

function callsOf(run: RunTree, turn: number, depth: number): Call[] {
  return run.steps
    .filter(({ step }) => step === 'model_call')
    .map((call) => ({
      turn,
      depth,
      'agent.run_id': run['agent.run_id'],
      'agent.parent_run_id': run['agent.parent_run_id'],
      'agent.step_number': numberOf(call['agent.step_number']),
      started_at: call.started_at,
      'gen_ai.response.model': textOf(call['gen_ai.response.model'] ?? call['gen_ai.request.model']),
      'gen_ai.response.finish_reasons': (call['gen_ai.response.finish_reasons'] ?? []) as readonly string[],
      'error.type': textOf(call['error.type']),
      'gen_ai.usage.input_tokens': numberOf(call['gen_ai.usage.input_tokens']),
      'gen_ai.usage.output_tokens': numberOf(call['gen_ai.usage.output_tokens']),
      tokens_cache_read: numberOf(call['tokens_cache_read']),
      cost_nano_usd: numberOf(call['cost_nano_usd']),
      cost_usd: usdOf(numberOf(call['cost_nano_usd'])),
      tool_calls: run.steps
        .filter(
          (tool) => tool.step === 'tool_call' && tool['agent.step_number'] === call['agent.step_number'],
        )
        .map((tool) => ({
          name: textOf(tool['gen_ai.tool.name']) ?? '',
          ok: tool['tool.ok'] !== false,
          retry_attempt: numberOf(tool['tool.retry_attempt']) ?? 0,
        })),
    }));
}

function columnsOf(nowMs: number, timezone: string): readonly TextColumn<Call>[] {
  return [
    { title: 'TURN', align: 'right', value: (call) => formatCount(call.turn) },
    { title: 'TIME', whole: true, value: (call) => formatMoment(call.started_at, nowMs, timezone) },
    // A nested run stands further to the right.
    {
      title: 'RUN',
      whole: true,
      value: (call) =>
        `${'  '.repeat(Math.min(call.depth, INDENTED_LEVELS))}${call['agent.run_id'].slice(0, 8)}`,
    },
    {
      title: 'STEP',
      align: 'right',
      optional: true,
      value: (call) => formatCount(call['agent.step_number']),
    },
    { title: 'MODEL', value: (call) => call['gen_ai.response.model'] ?? '' },
    { title: 'IN', align: 'right', value: (call) => formatTokens(call['gen_ai.usage.input_tokens']) },
    {
      title: 'CACHED',
      align: 'right',
      optional: true,
      value: (call) => formatTokens(call.tokens_cache_read),
    },
    { title: 'OUT', align: 'right', value: (call) => formatTokens(call['gen_ai.usage.output_tokens']) },
    { title: 'COST', align: 'right', value: (call) => formatCost(call.cost_nano_usd) },
    { title: 'END', value: (call) => call['error.type'] ?? call['gen_ai.response.finish_reasons'].join(' ') },
    { title: 'TOOLS', shrinks: true, value: (call) => call.tool_calls.map(nameTool).join(', ') },
  ];
}

function nameTool(tool: Call['tool_calls'][number]): string {
  const retry = tool.retry_attempt > 0 ? ` (retry ${String(tool.retry_attempt)})` : '';
  return `${tool.name}${retry}${tool.ok ? '' : ' FAILED'}`;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
