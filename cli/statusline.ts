// `tallyspan statusline`: what Claude Code's status line runs. A program of its own, as it must answer in no time.

import { fstatSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { readStatusLine } from './statusline/status-line.ts';

const STDIN = 0;
/** Claude Code writes at once and ends; who leaves the pipe open is not waited for. */
const INPUT_LIMIT_MS = 500;

/** Entry point of the bundle; `args` as after `statusline`. */
export async function runStatusLine(args: readonly string[]): Promise<void> {
  const data = args.indexOf('--data');
  const line = await readStatusLine(
    { stdin: readStdin(), env: process.env, nowMs: Date.now() },
    data < 0 ? undefined : args[data + 1],
  );
  process.stdout.write(`${line.replaceAll(/\p{Cc}/gu, '')}\n`);
}

/** What was handed over; nothing where nothing can be. */
function readStdin(): Iterable<Buffer> | AsyncIterable<Buffer> {
  try {
    const stdin = fstatSync(STDIN);
    if (stdin.isFIFO() || stdin.isSocket()) return readPipe();
    return isatty(STDIN) ? [] : [readFileSync(STDIN)];
  } catch {
    return [];
  }
}

/** A socket of its own: `process.stdin` takes longer to load. */
async function* readPipe(): AsyncGenerator<Buffer> {
  const pipe = new Socket({ fd: STDIN, readable: true, writable: false });
  const deadline = setTimeout(() => pipe.destroy(), INPUT_LIMIT_MS);
  try {
    for await (const part of pipe) yield part as Buffer;
  } catch {
    // What came counts.
  } finally {
    clearTimeout(deadline);
    pipe.destroy();
  }
}
