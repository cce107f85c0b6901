// npm run check: types, lint, format, unused code, generated files. Runs all and names what failed.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

type Step = readonly [name: string, command: string, ...args: string[]];

/** The steps of a line wait for one another, as lint reads the declarations that types write; the lines do not. */
const LINES: readonly (readonly Step[])[] = [
  [
    ['types', 'tsc', '-b'],
    ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ],
  [['format', 'prettier', '--check', '--log-level', 'warn', '.']],
  [
    ['unused code', 'knip'],
    ['generated files', 'node', 'scripts/generate.ts', '--check'],
  ],
];

const failed: string[] = [];

/** What a step says is shown when it has ended, so that no two are mixed. */
async function run([name, command, ...args]: Step): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['inherit', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  process.stdout.write(`check: ${name}\n${out}`);
  process.stderr.write(errors);
  if (status !== 0) failed.push(name);
}

await Promise.all(
  LINES.map(async (steps) => {
    for (const step of steps) await run(step);
  }),
);
if (failed.length > 0) {
  process.stderr.write(`check failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
