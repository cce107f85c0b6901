// `tallyspan claude guard`: a hook of Claude Code. A program of its own, as each prompt and each tool waits for it.

import { readFileSync } from 'node:fs';
import { answerHook } from './guard/guard-answer.ts';

const STDIN = 0;

/** Entry point of the bundle. */
export async function runGuard(): Promise<void> {
  const { stdout, stderr } = await answerHook({ input: readStdin(), env: process.env });
  process.stderr.write(stderr);
  process.stdout.write(stdout);
}

function readStdin(): string {
  if (process.stdin.isTTY) return '';
  try {
    return readFileSync(STDIN, 'utf8');
  } catch {
    // A pipe that does not block has nothing yet; without it the day alone is looked at.
    return '';
  }
}
