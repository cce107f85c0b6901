// `tallyspan export FILE`: the stored events as JSON lines, CSV or Parquet.

import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { EXPORT_FORMATS, type ExportFormat } from '../../server/queries/export-events.ts';
import { writeAnswer } from '../answer.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../io.ts';
import { startProgress, type Progress } from '../progress.ts';
import { parseDurationMs } from '../options.ts';
import { withSource, withSourceOptions, type SourceOptions } from '../source-options.ts';

interface ExportOptions extends SourceOptions {
  readonly since?: number;
  readonly format: ExportFormat;
}

export function registerExport(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('export')
      .description('the stored events as a file; JSON lines can be imported again')
      .argument('<file>', 'file to write; it is replaced')
      .option('--since <time>', 'only events of this time back', parseDurationMs)
      .addOption(new Option('--format <format>', 'kind of file').choices(EXPORT_FORMATS).default('jsonl')),
  ).action(async (file: string, options: ExportOptions) => {
    await withSource(options, io, async (source) => {
      const isLines = options.format !== 'parquet';
      const total = isLines && options.since === undefined ? (await source.meta()).events : undefined;
      const progress = startProgress('export', total, io, 'KB');
      const bytes = source.export({
        format: options.format,
        since: options.since === undefined ? undefined : io.now() - options.since,
      });
      try {
        await pipeline(Readable.from(bytes), countTo(progress, total !== undefined), createWriteStream(file));
      } catch (error) {
        throw new CliError(
          `${file} could not be written: ${error instanceof Error ? error.message : String(error)}`,
        );
      } finally {
        progress.stop();
      }
    });
    const { size } = await stat(file);
    writeAnswer({ file, format: options.format, bytes: size }, options, io, (safe) => {
      return `${safe.file}: ${String(safe.bytes)} bytes of ${safe.format}\n`;
    });
  });
}

const NEWLINE = 0x0a;
const BYTES_PER_KB = 1000;

/** Passes the file on and counts its lines, one per event, or its size. */
function countTo(progress: Progress, isByLine: boolean): Transform {
  let lines = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (isByLine) for (const byte of chunk) lines += byte === NEWLINE ? 1 : 0;
      progress.advance(isByLine ? lines : Math.round(chunk.length / BYTES_PER_KB));
      lines = 0;
      done(null, chunk);
    },
  });
}
