// `tallyspan statusline`: what Claude Code's status line runs. A program of its own, as it must answer in no time.

import { Readable } from 'node:stream';
import { readStatusLine } from './statusline/status-line.ts';

/** Entry point of the bundle; `args` as after `statusline`. */
export async function main(args: readonly string[]): Promise<void> {
  const data = args.indexOf('--data');
  const line = await readStatusLine(
    { stdin: process.stdin.isTTY ? Readable.from([]) : process.stdin, env: process.env, nowMs: Date.now() },
    data < 0 ? undefined : args[data + 1],
  );
  process.stdout.write(`${line.replaceAll(/\p{Cc}/gu, '')}\n`);
}
