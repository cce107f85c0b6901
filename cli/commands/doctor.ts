// `tallyspan doctor`: says what works and what does not, and what to do about it.
// With a command after `--` it also runs that command under the preload and shows what the preload says.

import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { formatCountOf } from '../../core/format.ts';
import { writeAnswer } from '../terminal/answer.ts';
import { CliError } from '../terminal/cli-error.ts';
import { checkDelivery } from '../doctor/check-delivery.ts';
import { checkNode } from '../doctor/check-node.ts';
import { checkPackages, findPackages } from '../doctor/check-packages.ts';
import { checkPriceAge } from '../doctor/check-prices.ts';
import type { Finding, Verdict } from '../doctor/finding.ts';
import { untilInterrupted } from '../terminal/interruption.ts';
import type { CliIo } from '../terminal/io.ts';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' };

export function registerDoctor(program: Command, io: CliIo): void {
  program
    .command('doctor')
    .description('what works and what does not, and what to do')
    .argument('[command...]', 'a command to try under the preload, after --')
    .option('--json', 'print one JSON value')
    .action(async (command: readonly string[], options: { readonly json?: boolean }) => {
      const findings: Finding[] = [
        checkNode(process.versions.node),
        ...checkPackages(await untilInterrupted(io.signal, () => findPackages(process.cwd()))),
        ...(await checkDelivery(io.env, io.signal)),
        checkPriceAge(io.now()),
      ];
      const [name, ...args] = command;
      if (name !== undefined) findings.push(await tryCommand(name, args, io));
      io.signal.throwIfAborted();
      writeAnswer(findings, options, io, (safe) => safe.map(renderFinding).join(''));
      const failed = findings.filter(({ verdict }) => verdict === 'fail').length;
      if (failed > 0)
        throw new CliError(
          `doctor found ${formatCountOf(failed, 'thing')} that ${failed === 1 ? 'does' : 'do'} not work: see above`,
        );
    });
}

function renderFinding({ verdict, what, details = [], advice }: Finding): string {
  const more = advice === undefined ? details : [...details, advice];
  return `${MARKS[verdict]}  ${what}\n${more.map((line) => `      ${line}\n`).join('')}`;
}

/** Runs the command with the preload and its debug output, and reports the lines that the preload wrote. */
function tryCommand(name: string, args: readonly string[], io: CliIo): Promise<Finding> {
  return new Promise((resolve) => {
    const register = import.meta.resolve('@tallyspan/node/register');
    const nodeOptions = [io.env['NODE_OPTIONS'], `--import=${register}`].filter(Boolean).join(' ');
    const child = spawn(name, args, {
      env: { ...io.env, NODE_OPTIONS: nodeOptions, TALLYSPAN_LOG: 'debug' },
      stdio: ['inherit', 'ignore', 'pipe'],
    });
    const stop = (): void => void child.kill('SIGTERM');
    io.signal.addEventListener('abort', stop, { once: true });
    if (io.signal.aborted) stop();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => {
      resolve({ check: 'command', verdict: 'fail', what: `${name} could not be started: ${error.message}` });
    });
    child.on('close', (exitCode) => {
      io.signal.removeEventListener('abort', stop);
      const said = stderr.split('\n').filter((line) => line.startsWith('tallyspan:'));
      resolve(
        said.length > 0
          ? {
              check: 'command',
              verdict: exitCode === 0 ? 'ok' : 'warn',
              what: `${name} ended with exit code ${String(exitCode)}; the preload said:`,
              details: said,
            }
          : {
              check: 'command',
              verdict: 'fail',
              what: `${name} ended with exit code ${String(exitCode)} and the preload said nothing`,
              advice: 'Is it a Node program? NODE_OPTIONS reaches only those.',
            },
      );
    });
  });
}
