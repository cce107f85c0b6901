// `tallyspan export FILE`: the stored events as JSON lines, CSV or Parquet.

import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { EXPORT_FORMATS, type ExportFormat } from '../../server/queries/export-events.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../io.ts';
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
      const bytes = source.export({
        format: options.format,
        since: options.since === undefined ? undefined : io.now() - options.since,
      });
      try {
        await pipeline(Readable.from(bytes), createWriteStream(file));
      } catch (error) {
        throw new CliError(
          `${file} could not be written: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    });
    const { size } = await stat(file);
    if (options.json === true)
      io.stdout.write(`${JSON.stringify({ file, format: options.format, bytes: size })}\n`);
    else io.stdout.write(`${file}: ${String(size)} bytes of ${options.format}\n`);
  });
}
