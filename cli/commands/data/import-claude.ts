// `tallyspan import claude [FOLDER…]`: the history of Claude Code, from the transcripts that it keeps on this machine.

import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { InvalidArgumentError, type Command } from 'commander';
import { formatCost, formatCount, formatCountOf } from '../../../core/text/format.ts';
import type { PriceOverrides } from '../../../core/pricing/price-overrides.ts';
import { defaultRoots, lookedIn, namedRoots } from '../../claude/find-transcripts.ts';
import {
  importSessions,
  newTally,
  planImport,
  type ImportPlan,
  type ImportTally,
} from '../../claude/import-claude.ts';
import { ImportState } from '../../claude/import-state.ts';
import { watchTranscripts } from '../../claude/watch-transcripts.ts';
import { leaveStatus } from '../../../server/queries/usage/leave-status.ts';
import { openSink, type OpenedSink } from '../../files/event-sink.ts';
import { parseDurationMs } from '../../options.ts';
import { withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { writeAnswer, writeJson } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import { interruptedExitCode, untilInterrupted } from '../../terminal/interruption.ts';
import type { CliIo } from '../../terminal/io.ts';
import { loadPriceOverrides } from '../../prices/price-overrides-file.ts';
import { startProgress } from '../../terminal/progress.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';
import { answerOfPlan, answerOfTally, type PlanAnswer } from '../../claude/import-answer.ts';

interface ImportClaudeOptions extends SourceCliOptions {
  readonly since?: number;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
}

export function registerImportClaude(parent: Command, io: CliIo): void {
  withSourceOptions(
    parent
      .command('claude')
      .description(
        'the history of Claude Code: its transcripts, of which no text is stored; again and again gives the same',
      )
      .argument(
        '[folder...]',
        'folders of transcripts (default: $CLAUDE_CONFIG_DIR, else ~/.config/claude and ~/.claude)',
      )
      .option('--since <time>', 'only sessions that went on since then: 30d, or 2026-11-01', parseSince)
      .option('--dry-run', 'show what would be read, and read nothing')
      .option('--watch', 'go on with what is written, until stopped'),
  ).action(async (folders: readonly string[], _own: unknown, command: Command) => {
    // Those that `import` has, too, are its.
    const options = command.optsWithGlobals<ImportClaudeOptions>();
    const roots = folders.length > 0 ? namedRoots(folders) : defaultRoots(io.env);
    if (roots.length === 0)
      throw new CliError(
        `there are no transcripts of Claude Code in ${lookedIn(io.env)}. Name their folder: tallyspan import claude FOLDER.`,
      );
    const overrides = await loadPriceOverrides(undefined, io.env);
    const opened = await untilInterrupted(io.signal, () => openSink(options, io, overrides));
    try {
      await importAll(roots, opened, options, overrides, io);
    } finally {
      await opened.sink.close();
    }
  });
}

/** Without a server the status line has what the import found; with one it asks that. */
async function leaveStatusOf({ sink, dataDir, isServer }: OpenedSink): Promise<void> {
  if (dataDir === undefined || isServer) return;
  const timezone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  await leaveStatus(dataDir, await sink.statusLine(timezone));
}

/** A day, or a time back from now, as Unix milliseconds. */
function parseSince(text: string): number {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return Date.now() - parseDurationMs(text);
  const day = new Date(`${text}T00:00:00`);
  // A day that its month does not have is another day.
  if (Number.isNaN(day.getTime()) || day.getDate() !== Number(text.slice(-2)))
    throw new InvalidArgumentError(`"${text}" is no day.`);
  return day.getTime();
}

async function importAll(
  roots: readonly string[],
  opened: OpenedSink,
  options: ImportClaudeOptions,
  overrides: PriceOverrides | undefined,
  io: CliIo,
): Promise<void> {
  // Of what is read most is let go of at once: the heap need not grow for it.
  setFlagsFromString('--heap-growing-percent=30');
  const folder = stateFolderOf(opened, io.env);
  // What is no longer stored is read again.
  const state = opened.isEmpty ? ImportState.empty(folder) : await ImportState.load(folder);
  const sinceMs = options.since;
  const tally = newTally();
  const plan = planImport({ roots, state, nowMs: io.now(), sinceMs }, tally);
  if (options.dryRun === true) {
    const answer = answerOfPlan(plan);
    writeAnswer(answer, options, io, (safe) => renderPlan(safe, io));
    return;
  }
  if (options.json !== true && plan.sessions.length > 0) io.stderr.write(`${planText(plan)}\n`);
  const progress = startProgress('import', plan.bytes, io, 'bytes');
  const importing = {
    state,
    append: (events: Parameters<OpenedSink['sink']['append']>[0]) => opened.sink.append(events),
    overrides,
    now: () => io.now(),
    signal: io.signal,
    advance: (bytes: number) => {
      progress.advance(bytes);
    },
  };
  try {
    await importSessions(plan, importing, tally);
  } catch (error) {
    progress.stop();
    if (interruptedExitCode(error, io.signal) !== undefined)
      io.stderr.write(
        `tallyspan: stopped. ${formatCountOf(tally.events, 'event')} stored; importing again goes on from there.\n`,
      );
    throw error;
  } finally {
    progress.stop();
  }
  report(plan, tally, options, overrides, io);
  const warning = opened.retentionWarning?.();
  if (warning !== undefined) io.stderr.write(`tallyspan: ${warning}\n`);
  await leaveStatusOf(opened);
  if (options.watch !== true) return;
  await watchTranscripts({
    roots,
    ...importing,
    advance: () => undefined,
    onImport: async (more) => {
      await leaveStatusOf(opened);
      if (options.json === true) writeJson(io, answerOfTally(more));
      else io.stdout.write(tallyText(more, overrides));
    },
    onFault: (message) => void io.stderr.write(`tallyspan: ${message}\n`),
  });
}

function report(
  plan: ImportPlan,
  tally: ImportTally,
  options: ImportClaudeOptions,
  overrides: PriceOverrides | undefined,
  io: CliIo,
): void {
  if (options.json === true) writeJson(io, { ...answerOfTally(tally), unchanged_sessions: plan.unchanged });
  else if (plan.sessions.length === 0)
    io.stdout.write(
      plan.unchanged === 0
        ? `nothing to read: no session ${options.since === undefined ? 'is there' : 'went on since then'}\n`
        : `nothing new: ${formatCountOf(plan.unchanged, 'session')} ${plan.unchanged === 1 ? 'is' : 'are'} as before\n`,
    );
  else io.stdout.write(tallyText(tally, overrides));
  for (const line of warningsOf(tally)) io.stderr.write(`tallyspan: ${line}\n`);
}

function tallyText(tally: ImportTally, overrides: PriceOverrides | undefined): string {
  const prices = overrides === undefined ? 'list prices' : 'the prices of your file';
  const rest =
    tally.remainderNanoUsd > 0
      ? `; ${formatCost(tally.remainderNanoUsd)} more is not in the transcripts (est.)`
      : '';
  const copies = tally.copies > 0 ? `, ${formatCount(tally.copies)} copies left out` : '';
  return `${formatCountOf(tally.sessions, 'session')}: ${formatCountOf(tally.calls, 'model call')}${copies}, ${formatCost(tally.costNanoUsd)} at ${prices}${rest}\n`;
}

/** What was not understood, and where the transcript knows more than Claude Code counted. */
function* warningsOf(tally: ImportTally): Generator<string> {
  if (tally.malformed > 0)
    yield `${formatCountOf(tally.malformed, 'line')} without JSON or a time ${tally.malformed === 1 ? 'was' : 'were'} left out`;
  for (const [type, lines] of tally.unknown)
    yield `${formatCountOf(lines, 'line')} of the unknown type ${type} left out: a newer Claude Code may write them. Upgrade tallyspan.`;
  for (const { file, reason } of tally.faults) yield `${file} could not be read: ${reason}`;
  const count = tally.shortfalls.length;
  if (count > 0) {
    const models = [...new Set(tally.shortfalls.map(({ model }) => model))].join(', ');
    yield `the transcripts hold more tokens than Claude Code counted itself, in ${formatCountOf(count, 'sum')} (${models}); --json lists them`;
  }
}

/** Beside the data where they are on this machine, so that it goes with them. */
function stateFolderOf({ dataDir, name }: OpenedSink, env: NodeJS.ProcessEnv): string {
  if (dataDir !== undefined) return dataDir;
  const folder = env['XDG_STATE_HOME'] || path.join(homedir(), '.local', 'state');
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return path.join(folder, 'tallyspan', `claude-${hash}`);
}

function planText(plan: ImportPlan): string {
  const unchanged = plan.unchanged > 0 ? `; ${formatCount(plan.unchanged)} more are as before` : '';
  return `reading ${formatCountOf(plan.sessions.length, 'session')} (${formatCountOf(plan.files, 'file')}, ${megabytes(plan.bytes)})${unchanged}`;
}

function renderPlan(plan: PlanAnswer, io: CliIo): string {
  if (plan.sessions === 0)
    return `nothing to read: ${formatCountOf(plan.unchanged_sessions, 'session')} as before\n`;
  const columns: readonly TextColumn<PlanAnswer['folders'][number]>[] = [
    { title: 'FOLDER', shrinks: true, value: ({ folder }) => folder },
    { title: 'SESSIONS', align: 'right', value: ({ sessions }) => formatCount(sessions) },
    { title: 'FILES', align: 'right', value: ({ files }) => formatCount(files) },
    { title: 'SIZE', align: 'right', value: ({ bytes }) => megabytes(bytes) },
  ];
  return `${renderTable(plan.folders, columns, io.stdout)}would read ${formatCountOf(plan.sessions, 'session')}, ${formatCountOf(plan.files, 'file')}, ${megabytes(plan.bytes)}; ${formatCount(plan.unchanged_sessions)} as before\n`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
