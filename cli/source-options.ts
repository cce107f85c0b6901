// Where a reading command finds its data: the options for it, and the source that they name.

import type { Command } from 'commander';
import { openSource, type Source } from '../server/source.ts';
import { defaultDataDir } from './data-dir.ts';
import type { CliIo } from './io.ts';

export interface SourceOptions {
  readonly url?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds `--url`, `--data` and `--json`. */
export function withSourceOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the running server (default: the local one)')
    .option('--data <dir>', 'data folder to read when no server runs')
    .option('--json', 'print one JSON value');
}

/** Opens the source, hands it to `use` and closes it. */
export async function withSource<T>(
  options: SourceOptions,
  io: CliIo,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const source = await openSource({
    url: options.url,
    dataDir: options.data,
    fallbackDataDir: defaultDataDir(io.env),
    token: io.env['TALLYSPAN_TOKEN'] || undefined,
  });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}
