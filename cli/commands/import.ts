// `tallyspan import FILE…`: JSON lines of events, exported ones or those of the daily file, back in.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { openAppender, type EventAppender } from '../../server/append-events.ts';
import { openSource } from '../../server/source.ts';
import { writeJson } from '../answer.ts';
import { CliError } from '../cli-error.ts';
import { defaultDataDir } from '../data-dir.ts';
import { openEventSink } from '../event-sink.ts';
import type { CliIo } from '../io.ts';
import { startProgress, type Progress } from '../progress.ts';
import { safeText } from '../safe-text.ts';
import { withSourceOptions, type SourceOptions } from '../source-options.ts';

/** How the import of all files went. */
interface ImportCount {
  events: number;
  /** Lines that are no event, and the first of them. */
  skipped: number;
  firstSkipped?: string;
}

const EVENTS_PER_BATCH = 2_000;

export function registerImport(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('import')
      .description('events from JSON-lines files; what is stored already is not stored again')
      .argument('<file...>', 'exported files, or daily files of TALLYSPAN_FILE'),
  ).action(async (files: readonly string[], options: SourceOptions) => {
    const bytes = await totalBytes(files);
    const sink = await openSink(options, io);
    const progress = startProgress('import', bytes, io);
    const count: ImportCount = { events: 0, skipped: 0 };
    try {
      for (const file of files) await importFile(file, sink, count, progress);
    } finally {
      progress.stop();
      await sink.close();
    }
    if (options.json === true) writeJson(io, count);
    else io.stdout.write(`${String(count.events)} events from ${String(files.length)} file(s)\n`);
    if (count.skipped > 0) {
      io.stderr.write(
        `tallyspan: ${String(count.skipped)} lines are no events and were left out; the first is ${safeText(count.firstSkipped ?? '')}\n`,
      );
    }
  });
}

async function totalBytes(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true) throw new CliError(`${file} is no file. Nothing was imported.`);
    bytes += found.size;
  }
  return bytes;
}

/** The running server where one answers, else the folder, which may be new. */
async function openSink(options: SourceOptions, io: CliIo): Promise<EventAppender> {
  const dataDir = options.data ?? defaultDataDir(io.env);
  let source;
  try {
    source = await openSource({
      url: options.url,
      dataDir: options.data,
      fallbackDataDir: dataDir,
      token: io.env['TALLYSPAN_TOKEN'] || undefined,
    });
  } catch (error) {
    if (options.url !== undefined) throw error;
    return openAppender(dataDir);
  }
  const { name } = source;
  const meta = await source.meta();
  await source.close();
  return openEventSink(name, meta, io);
}

async function importFile(
  file: string,
  sink: EventAppender,
  count: ImportCount,
  progress: Progress,
): Promise<void> {
  let lineNumber = 0;
  let batch: EventRecord[] = [];
  const flush = async (): Promise<void> => {
    await sink.append(batch);
    count.events += batch.length;
    batch = [];
  };
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    lineNumber += 1;
    progress.advance(Buffer.byteLength(line) + 1);
    if (line.trim() === '') continue;
    const event = decodeEvent(line);
    if (event === undefined) {
      count.skipped += 1;
      count.firstSkipped ??= `${file}:${String(lineNumber)}`;
      continue;
    }
    batch.push(event);
    if (batch.length >= EVENTS_PER_BATCH) await flush();
  }
  await flush();
}
