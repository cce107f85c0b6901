// One command line run in this process, with what it printed.

import { Readable } from 'node:stream';
import { runCli } from '../../cli/program.ts';
import type { Finished } from '../programs/tallyspan.ts';

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Width of the terminal that it prints to; without it stdout is a file. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Told what is printed, as it is. */
  readonly onStdout?: (text: string) => void;
}

export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const printed = { stdout: '', stderr: '' };
  const exitCode = await runCli(args, {
    stdin: Readable.from([options.stdin ?? '']),
    stdout: {
      write: (bytes: string | Uint8Array) => {
        const text = Buffer.from(bytes as string).toString();
        printed.stdout += text;
        options.onStdout?.(text);
      },
      ...(options.columns === undefined ? {} : { isTTY: true, columns: options.columns }),
    },
    stderr: { write: (text: string) => (printed.stderr += text) },
    env: options.env ?? {},
    now: Date.now,
    signal: options.signal ?? new AbortController().signal,
  });
  return { exitCode, ...printed };
}
