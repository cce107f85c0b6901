// `tallyspan conversation ID`: the turns of a session, from all its runs.

import type { Command } from 'commander';
import { formatCost, formatCount, formatTokens } from '../../core/format.ts';
import { usdOf } from '../../core/money.ts';
import type { RunTree, Source } from '../../server/source.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../io.ts';
import { withSource, withSourceOptions, writeJson, type SourceOptions } from '../source-options.ts';
import { renderTable, type Column } from '../table.ts';
import { formatMoment } from './runs.ts';

/** A turn is one model call of the session, with the tool calls that it asked for. */
interface Turn {
  readonly 'agent.run_id': string;
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

const RUNS_LIMIT = 1_000;

export function registerConversation(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('conversation')
      .description('the turns of a session: model, usage, cost, tool calls')
      .argument('<id>', 'session id (gen_ai.conversation.id)'),
  ).action(async (id: string, options: SourceOptions) => {
    const turns = await withSource(options, io, (source) => readTurns(source, id));
    if (options.json === true) writeJson(io, { 'gen_ai.conversation.id': id, turns });
    else io.stdout.write(renderTable(turns, columnsOf(io.now()), io.stdout));
  });
}

async function readTurns(source: Source, id: string): Promise<Turn[]> {
  const runs = await source.runs({ session: id, limit: RUNS_LIMIT });
  if (runs.length === 0)
    throw new CliError(`no session "${id}" in ${source.name}. List sessions: tallyspan cost --by session`);
  const turns: Turn[] = [];
  for (const { 'agent.run_id': runId } of runs.toReversed()) {
    const run = await source.run(runId);
    if (run) turns.push(...turnsOf(run));
  }
  return turns;
}

function turnsOf(run: RunTree): Turn[] {
  return run.steps
    .filter(({ step }) => step === 'model_call')
    .map((call) => ({
      'agent.run_id': run['agent.run_id'],
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

function columnsOf(nowMs: number): readonly Column<Turn>[] {
  return [
    { title: 'TIME', value: (turn) => formatMoment(turn.started_at, nowMs) },
    { title: 'RUN', value: (turn) => turn['agent.run_id'].slice(0, 8) },
    { title: 'STEP', align: 'right', value: (turn) => formatCount(turn['agent.step_number']) },
    { title: 'MODEL', value: (turn) => turn['gen_ai.response.model'] ?? '' },
    { title: 'IN', align: 'right', value: (turn) => formatTokens(turn['gen_ai.usage.input_tokens']) },
    {
      title: 'CACHED',
      align: 'right',
      optional: true,
      value: (turn) => formatTokens(turn.tokens_cache_read),
    },
    { title: 'OUT', align: 'right', value: (turn) => formatTokens(turn['gen_ai.usage.output_tokens']) },
    { title: 'COST', align: 'right', value: (turn) => formatCost(turn.cost_nano_usd) },
    { title: 'END', value: (turn) => turn['error.type'] ?? turn['gen_ai.response.finish_reasons'].join(' ') },
    { title: 'TOOLS', shrinks: true, value: (turn) => turn.tool_calls.map(nameTool).join(', ') },
  ];
}

function nameTool(tool: Turn['tool_calls'][number]): string {
  const retry = tool.retry_attempt > 0 ? ` (retry ${String(tool.retry_attempt)})` : '';
  return `${tool.name}${retry}${tool.ok ? '' : ' FAILED'}`;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
