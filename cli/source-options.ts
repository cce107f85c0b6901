// Where a reading command finds its data: the options for it, and the source that they name.

import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { openSource, type Source, type SourceOptions } from '../server/source.ts';
import { planSetting } from './claude/plan-value.ts';
import { defaultDataDir } from './files/data-dir.ts';
import { untilInterrupted } from './terminal/interruption.ts';
import type { CliIo } from './terminal/io.ts';
import { parseServerUrl } from './options.ts';

export interface SourceCliOptions {
  readonly url?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds `--url`, `--data` and `--json`. */
export function withSourceOptions(command: Command): Command {
  return command
    .option(
      '--url <url>',
      'address of the running server (default: TALLYSPAN_URL, else the local one)',
      parseServerUrl,
    )
    .option('--data <dir>', 'data folder to read when no server runs')
    .option('--json', 'print one JSON value');
}

/** How long the work on a source may take to put away its temporary files once the user asked to stop. */
const LEAVE_LIMIT_MS = 500;

function urlOf({ env }: CliIo): string | undefined {
  const url = env['TALLYSPAN_URL']?.trim();
  return url === undefined || url === '' ? undefined : parseServerUrl(url);
}

/** What the options and the environment say of where the data is. */
export function sourceOptionsOf(options: SourceCliOptions, io: CliIo): SourceOptions {
  return {
    // Named by the environment, where no option says otherwise.
    url: options.url ?? (options.data === undefined ? urlOf(io) : undefined),
    dataDir: options.data,
    fallbackDataDir: defaultDataDir(io.env),
    token: io.env['TALLYSPAN_TOKEN'] || undefined,
    isClaudeOnPlan: planSetting(io.env),
  };
}

/** Opens the source, hands it to `use` and closes it, also when the user asks to stop meanwhile. */
export async function withSource<T>(
  options: SourceCliOptions,
  io: CliIo,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const source = await untilInterrupted(io.signal, () => openSource(sourceOptionsOf(options, io)));
  let ended: Promise<unknown> = Promise.resolve();
  try {
    return await untilInterrupted(io.signal, () => {
      const work = use(source);
      ended = work.catch(() => undefined);
      return work;
    });
  } finally {
    await source.close();
    if (io.signal.aborted) await Promise.race([ended, setTimeout(LEAVE_LIMIT_MS, undefined, { ref: false })]);
  }
}
