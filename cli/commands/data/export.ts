// `tallyspan export FILE`: the stored events as JSON lines, CSV or Parquet. A file that is there is replaced once the
// new one is whole.

import { Option, type Command } from 'commander';
import { formatCount } from '../../../core/text/format.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../../server/queries/export/export-events.ts';
import type { Source } from '../../../server/source.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError, usageError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { startProgress } from '../../terminal/progress.ts';
import { durationOption } from '../../options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { replaceFile, writeToOutput } from '../../files/whole-file.ts';

interface ExportOptions extends SourceCliOptions {
  readonly since?: number;
  readonly format: ExportFormat;
}

const STDOUT = '-';

export function registerExport(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('export')
      .description('the stored events as a file; JSON lines can be imported again')
      .argument('<file>', 'file to write, which is replaced; - is standard output')
      .addOption(durationOption('--since <time>', 'only events of this time back'))
      .addOption(new Option('--format <format>', 'kind of file').choices(EXPORT_FORMATS).default('jsonl')),
  ).action(async (file: string, options: ExportOptions) => {
    if (file === STDOUT) {
      if (options.json === true)
        throw usageError('--json reports a file that was written. Leave it out, or name a file.');
      await withSource(options, io, (source) =>
        writeExport(source, options, io, (bytes) => writeToOutput(bytes, io.stdout, io.signal)),
      );
      return;
    }
    const size = await replaceFile(file, io.signal, (write) =>
      withSource(options, io, (source) => writeExport(source, options, io, write)),
    );
    writeAnswer({ file, format: options.format, bytes: size }, options, io, (safe) => {
      return `${safe.file}: ${formatCount(safe.bytes)} bytes of ${safe.format}\n`;
    });
  });
}

/** Hands the bytes of the export to `write`. An error says whether reading or writing failed. */
async function writeExport(
  source: Source,
  options: ExportOptions,
  io: CliIo,
  write: (bytes: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const isByLine = options.format !== 'parquet' && options.since === undefined;
  const progress = startProgress('export', isByLine ? (await source.meta()).events : undefined, io, 'KB');
  const since = options.since === undefined ? undefined : io.now() - options.since;
  const chunks = source.export({ format: options.format, since })[Symbol.asyncIterator]();
  let readError: Error | undefined;
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
        progress.advance(isByLine ? linesIn(next.value) : Math.round(next.value.length / BYTES_PER_KB));
        yield next.value;
      }
    } catch (error) {
      readError = error as Error;
      throw error;
    }
  }
  try {
    await write(read());
  } catch (error) {
    io.signal.throwIfAborted();
    if (readError === undefined) throw error;
    throw new CliError(`the events could not be read from ${source.name}: ${reasonOf(readError)}`);
  } finally {
    progress.stop();
    // An export that is left removes its temporary file here.
    await chunks.return?.();
  }
}

const NEWLINE = 0x0a;
const BYTES_PER_KB = 1000;

/** One per event. */
function linesIn(chunk: Uint8Array): number {
  let lines = 0;
  for (const byte of chunk) if (byte === NEWLINE) lines += 1;
  return lines;
}

/** A connection that broke is told by the cause. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
