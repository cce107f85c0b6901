// `tallyspan claude guard`: a hook of Claude Code. A program of its own, as each prompt and each tool waits for it.

import { readSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { answerHook } from './guard/guard-answer.ts';

/** By their numbers: a stream of Node takes longer to make than all that is read and written here. */
const [STDIN, STDOUT, STDERR] = [0, 1, 2] as const;
const CHUNK_BYTES = 65_536;
/** What a hook is about is written before it starts, or as it does. */
const STDIN_WAIT_MS = 40;

/** Entry point of the bundle. */
export async function runGuard(): Promise<void> {
  const { stdout, stderr } = await answerHook({ input: await readStdin(), env: process.env });
  if (stderr !== '') writeSync(STDERR, stderr);
  if (stdout !== '') writeSync(STDOUT, stdout);
}

async function readStdin(): Promise<string> {
  if (isatty(STDIN)) return '';
  const chunks: Buffer[] = [];
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const bytes = readSync(STDIN, chunk);
      if (bytes === 0) break;
      chunks.push(chunk.subarray(0, bytes));
    }
  } catch (error) {
    // A pipe that does not block has nothing yet.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') await readLater(chunks);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readLater(chunks: Buffer[]): Promise<void> {
  const { stdin } = process;
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(deadline);
      stdin.destroy();
      resolve();
    };
    const deadline = setTimeout(end, STDIN_WAIT_MS);
    stdin.on('data', (chunk: Buffer) => chunks.push(chunk));
    stdin.once('end', end).once('error', end);
  });
}
