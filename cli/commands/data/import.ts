// `tallyspan import FILE…`: JSON lines of events, exported ones or those of the daily file, back in. `import claude` is a
// command of its own below it.

import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { decodeEvent, type EventRecord } from '../../../core/event.ts';
import type { FolderAppender } from '../../../server/append-events.ts';
import { writeJson } from '../../terminal/answer.ts';
import { formatCount, formatCountOf } from '../../../core/text/format.ts';
import { CliError, usageError } from '../../terminal/cli-error.ts';
import { nameOf, readLines, requireLines, STDIN } from '../../files/event-lines.ts';
import { openSink } from '../../files/event-sink.ts';
import { interruptedExitCode, untilInterrupted } from '../../terminal/interruption.ts';
import type { CliIo } from '../../terminal/io.ts';
import { startProgress, type ProgressBar } from '../../terminal/progress.ts';
import { safeText } from '../../../core/text/safe-text.ts';
import { withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { registerImportClaude } from './import-claude.ts';

/** How the import of all files went. */
interface ImportCount {
  events: number;
  /** Lines that are no event, and the first of them. */
  skipped: number;
  first_skipped?: string;
}

const EVENTS_PER_BATCH = 2_000;

export function registerImport(program: Command, io: CliIo): void {
  const command = program.command('import');
  registerImportClaude(command, io);
  withSourceOptions(
    command
      .description('events from JSON-lines files; what is stored already is not stored again')
      .argument(
        '<file...>',
        'exported files, or daily files of TALLYSPAN_FILE, packed with gzip or not; - is standard input',
      ),
  ).action(async (files: readonly string[], options: SourceCliOptions) => {
    const bytes = await totalBytes(files);
    const { sink, retentionWarning } = await untilInterrupted(io.signal, () => openSink(options, io));
    const progress = startProgress('import', bytes, io, 'bytes');
    const count: ImportCount = { events: 0, skipped: 0 };
    let newEvents: number;
    try {
      for (const file of files) await importFile(file, { sink, count, progress, io });
      newEvents = Math.min(count.events, await sink.newCount());
    } catch (error) {
      progress.stop();
      throw explain(error, count, io);
    } finally {
      progress.stop();
      await sink.close();
    }
    if (options.json === true) writeJson(io, { ...count, new_events: newEvents });
    else
      io.stdout.write(`${countText(count.events, newEvents)} from ${formatCountOf(files.length, 'file')}\n`);
    const warning = retentionWarning?.();
    if (warning !== undefined) io.stderr.write(`tallyspan: ${warning}\n`);
    if (count.skipped > 0) {
      const were = count.skipped === 1 ? 'is no event and was' : 'are no events and were';
      io.stderr.write(
        `tallyspan: ${formatCountOf(count.skipped, 'line')} ${were} left out; the first is ${safeText(count.first_skipped ?? '')}\n`,
      );
    }
  });
}

function countText(events: number, newEvents: number): string {
  const text = formatCountOf(events, 'event');
  if (newEvents === events) return text;
  return `${text} (${newEvents === 0 ? 'none' : formatCount(newEvents)} new, the rest was stored before)`;
}

/** The error with what is stored already. An interruption stays what it is; what is stored is told beside it. */
function explain(error: unknown, { events }: ImportCount, io: CliIo): unknown {
  if (events === 0) return error;
  const stored = `${formatCountOf(events, 'event')} ${events === 1 ? 'is' : 'are'} stored; importing again stores none twice.`;
  if (interruptedExitCode(error, io.signal) !== undefined) {
    io.stderr.write(`tallyspan: stopped. ${stored}\n`);
    return error;
  }
  return new CliError(`${error instanceof Error ? error.message : String(error)}\n${stored}`);
}

/** Undefined when it cannot be known beforehand. */
async function totalBytes(files: readonly string[]): Promise<number | undefined> {
  if (files.filter((file) => file === STDIN).length > 1)
    throw usageError('standard input (-) can be read only once.');
  let bytes = 0;
  for (const file of files) {
    if (file === STDIN) continue;
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || found.isDirectory())
      throw new CliError(`${file} is no file. Nothing was imported.`);
    // Only of a file can the beginning be read twice.
    if (found.isFile()) await requireLines(file);
    bytes += found.size;
  }
  return files.includes(STDIN) ? undefined : bytes;
}

interface Importing {
  readonly sink: FolderAppender;
  readonly count: ImportCount;
  readonly progress: ProgressBar;
  readonly io: CliIo;
}

async function importFile(file: string, { sink, count, progress, io }: Importing): Promise<void> {
  let batch: EventRecord[] = [];
  const flush = async (): Promise<void> => {
    io.signal.throwIfAborted();
    await sink.append(batch);
    count.events += batch.length;
    batch = [];
  };
  const lines = readLines(file, io, (bytes) => {
    progress.advance(bytes);
  });
  for await (const line of lines) {
    const event = line.text === undefined ? undefined : decodeEvent(line.text);
    if (event === undefined) {
      count.skipped += 1;
      count.first_skipped ??= `${nameOf(file)}:${String(line.number)}`;
      continue;
    }
    batch.push(event);
    if (batch.length >= EVENTS_PER_BATCH) await flush();
  }
  await flush();
}
