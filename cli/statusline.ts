// `tallyspan statusline`: what Claude Code's status line runs. A program of its own, as it must answer in no time.

import { readFileSync } from 'node:fs';
import { readStatusLine } from './statusline/status-line.ts';

const STDIN = 0;

/** Entry point of the bundle; `args` as after `statusline`. */
export async function runStatusLine(args: readonly string[]): Promise<void> {
  const data = args.indexOf('--data');
  const line = await readStatusLine(
    { stdin: readStdin(), env: process.env, nowMs: Date.now() },
    data < 0 ? undefined : args[data + 1],
  );
  process.stdout.write(`${line.replaceAll(/\p{Cc}/gu, '')}\n`);
}

/** What was handed over; read at once, which is quicker than as a stream. */
function readStdin(): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (process.stdin.isTTY) return [];
  try {
    return [readFileSync(STDIN)];
  } catch {
    // A pipe that does not block has nothing yet.
    return process.stdin as AsyncIterable<Buffer>;
  }
}
