// `tallyspan claude guard`: a hook of Claude Code. A program of its own, as each prompt and each tool waits for it.

import { readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { answerHook } from './guard/guard-answer.ts';

/** By their numbers: a stream of Node takes longer to make than all that is read and written here. */
const [STDIN, STDOUT, STDERR] = [0, 1, 2] as const;

/** Entry point of the bundle. */
export async function runGuard(): Promise<void> {
  const { stdout, stderr } = await answerHook({ input: readStdin(), env: process.env });
  if (stderr !== '') writeSync(STDERR, stderr);
  if (stdout !== '') writeSync(STDOUT, stdout);
}

function readStdin(): string {
  if (isatty(STDIN)) return '';
  try {
    return readFileSync(STDIN, 'utf8');
  } catch {
    // A pipe that does not block has nothing yet; without it the day alone is looked at.
    return '';
  }
}
