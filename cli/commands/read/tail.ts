// `tallyspan tail`: what happens, as it happens: one line for each run, model call, tool call and note.

import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { decodeEvent, type EventRecord } from '../../../core/event.ts';
import { formatCost, formatDuration, formatStatus, formatTokens } from '../../../core/text/format.ts';
import { localTimeAt } from '../../../core/time/time.ts';
import type { Source } from '../../../server/source.ts';
import { CliError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { zoneOf } from '../../terminal/moment.ts';
import { safeText } from '../../../core/text/safe-text.ts';
import { safeJson } from '../../terminal/safe-text.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';

interface TailOptions extends SourceCliOptions {
  readonly agent?: string;
  readonly run?: string;
  readonly errors?: boolean;
}

const NAMES = [
  'agent.run.started',
  'agent.run',
  'agent.model_call',
  'agent.tool_call',
  'agent.note',
] as const;
const PAUSE_MS = 1000;
/** Events come later than their time: they are sent together, and clocks differ. */
const LATE_MS = 60_000;

export function registerTail(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('tail')
      .description('follow what happens: runs, model calls, tool calls and notes as they are stored')
      .option('--agent <name>', 'only of this agent')
      .option('--run <id>', 'only of this run, or the beginning of its id')
      .option('--errors', 'only what failed'),
  ).action((options: TailOptions) =>
    withSource(options, io, async (source) => {
      if (!source.name.startsWith('http'))
        throw new CliError(
          `nothing happens in ${source.name}: no server writes to it. Start \`tallyspan up\`, or name a server with --url.`,
        );
      await follow(source, options, io);
    }),
  );
}

async function follow(source: Source, options: TailOptions, io: CliIo): Promise<void> {
  const timezone = await zoneOf(source);
  /** What the last answer had: the next one begins later, so that nothing older comes again. */
  let seen: ReadonlySet<string> = new Set();
  if (options.json !== true) io.stderr.write(`following ${source.name}; times in ${timezone}; Ctrl-C ends\n`);
  for (let isFirst = true; !io.signal.aborted; isFirst = false) {
    const found = new Set<string>();
    for await (const line of linesOf(source, io.now() - LATE_MS)) {
      const event = decodeEvent(line);
      if (event === undefined) continue;
      const key = `${event['event.name']} ${event.trace_id ?? ''} ${event.span_id ?? ''} ${String(event['tallyspan.seq'] ?? '')} ${String(event['tallyspan.revision'] ?? '')}`;
      if (found.has(key)) continue;
      found.add(key);
      if (seen.has(key)) continue;
      // What was there before is known, and is no news.
      if (isFirst || !isWanted(event, options)) continue;
      io.stdout.write(
        options.json === true ? `${safeJson(JSON.parse(line))}\n` : `${describe(event, timezone)}\n`,
      );
    }
    seen = found;
    await wait(PAUSE_MS, undefined, { signal: io.signal });
  }
}

async function* linesOf(source: Source, since: number): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of source.export({ format: 'jsonl', since, names: NAMES })) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function isFailed(event: EventRecord): boolean {
  const status = event['agent.status'];
  return (
    event['tool.ok'] === false ||
    event['error.type'] !== undefined ||
    (status !== undefined && status !== 'ok')
  );
}

function isWanted(event: EventRecord, { agent, run, errors }: TailOptions): boolean {
  if (event['tallyspan.duplicate'] === true) return false;
  if (agent !== undefined && event['gen_ai.agent.name'] !== agent) return false;
  if (run !== undefined && event['agent.run_id']?.startsWith(run) !== true) return false;
  return errors !== true || isFailed(event);
}

function describe(event: EventRecord, timezone: string): string {
  const words = [
    localTimeAt(event.timestamp, timezone).slice(11, 19),
    (event['agent.run_id'] ?? '–').slice(0, 8),
    event['gen_ai.agent.name'] ?? event['service.name'] ?? '–',
    ...wordsOf(event),
  ];
  return safeText(words.filter((word) => word !== '').join('  '));
}

function wordsOf(event: EventRecord): string[] {
  const failed = isFailed(event) ? `FAILED ${event['error.type'] ?? event['agent.status'] ?? ''}`.trim() : '';
  const time = event.duration_ms === undefined ? '' : formatDuration(event.duration_ms);
  switch (event['event.name']) {
    case 'agent.run.started':
      return ['run began'];
    case 'agent.run':
      return [
        `run ended ${formatStatus(event['agent.status'] ?? '')}`,
        time,
        formatCost(event['agent.cost_nano_usd']),
        failed,
      ];
    case 'agent.model_call':
      return [
        `model ${event['gen_ai.response.model'] ?? event['gen_ai.request.model'] ?? ''}`,
        time,
        `${formatTokens(event['gen_ai.usage.input_tokens'])} → ${formatTokens(event['gen_ai.usage.output_tokens'])} tokens`,
        formatCost(event.cost_nano_usd),
        failed,
      ];
    case 'agent.tool_call':
      return [`tool ${event['gen_ai.tool.name'] ?? ''}`, time, failed];
    default:
      return [
        `note ${event['agent.note.kind'] ?? ''}`,
        event['agent.note.text'] ?? event['agent.note.value'] ?? '',
      ];
  }
}
