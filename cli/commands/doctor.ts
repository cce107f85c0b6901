// `tallyspan doctor`: says what works and what does not, and what to do about it.
// With a command after `--` it also runs that command under the preload, counts what was observed, and fails where
// that is nothing.

import type { Command } from 'commander';
import { formatCountOf } from '../../core/text/format.ts';
import { explainSilences } from '../../core/process-report.ts';
import { describeCounts, describeWays, runReporting, sumReports } from '../observed/observed-command.ts';
import { writeAnswer } from '../terminal/answer.ts';
import { CliError } from '../terminal/cli-error.ts';
import { checkClaude } from '../doctor/check-claude.ts';
import { askDelivery, judgeDelivery } from '../doctor/check-delivery.ts';
import { checkNode } from '../doctor/check-node.ts';
import { checkPackages, findPackages } from '../doctor/check-packages.ts';
import { checkPriceAge } from '../doctor/check-prices.ts';
import { checkReceived } from '../doctor/check-received.ts';
import type { DoctorFinding, Verdict } from '../doctor/finding.ts';
import { indented, painted, type Tone } from '../terminal/paragraph.ts';
import { untilInterrupted } from '../terminal/interruption.ts';
import type { CliIo, CliOutput } from '../terminal/io.ts';

/** Page of the local server. */
const DEFAULT_PAGE = 'http://127.0.0.1:4319';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' };

export function registerDoctor(program: Command, io: CliIo): void {
  program
    .command('doctor')
    .description('what works and what does not, and what to do')
    .argument('[command...]', 'a command to try under the preload, after --')
    .option('--json', 'print one JSON value')
    .action(async (command: readonly string[], options: { readonly json?: boolean }) => {
      const delivery = await askDelivery(io.env, io.signal);
      const named = io.env['TALLYSPAN_URL']?.trim() || undefined;
      const findings: DoctorFinding[] = [
        checkNode(process.versions.node),
        ...checkPackages(await untilInterrupted(io.signal, () => findPackages(process.cwd()))),
        ...judgeDelivery(delivery),
        ...(await checkClaude(io.env, io.signal)),
        checkPriceAge(io.now()),
        ...(await checkReceived(
          {
            url: named ?? DEFAULT_PAGE,
            isNamed: named !== undefined,
            token: io.env['TALLYSPAN_TOKEN'],
            sentTo: delivery.deliveries.find(({ signal, status }) => signal === 'logs' && status === 'sent')
              ?.endpoint,
          },
          io.signal,
        )),
      ];
      if (command.length > 0) findings.push(await tryCommand(command, io));
      io.signal.throwIfAborted();
      writeAnswer(findings, options, io, (safe) =>
        safe.map((finding) => renderFinding(finding, io.stdout)).join(''),
      );
      const failed = findings.filter(({ verdict }) => verdict === 'fail').length;
      if (failed > 0)
        throw new CliError(
          `doctor found ${formatCountOf(failed, 'thing')} that ${failed === 1 ? 'does' : 'do'} not work: see above`,
        );
    });
}

const TONES: Readonly<Record<Verdict, Tone>> = { ok: 'good', warn: 'warn', fail: 'bad' };

function renderFinding({ verdict, what, details = [], advice }: DoctorFinding, output: CliOutput): string {
  const more = [...details, ...(advice === undefined ? [] : [advice])];
  const mark = painted(MARKS[verdict], TONES[verdict], output);
  return [
    ...indented(what, `${mark}  `, '      ', output),
    ...more.flatMap((line) => indented(line, '      ', '      ', output)),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** Runs the command with the preload and its debug output, and counts what was observed of it. */
async function tryCommand(command: readonly string[], io: CliIo): Promise<DoctorFinding> {
  const [name = ''] = command;
  const { exitCode, signal, reports, stderr } = await runReporting(command, io, true);
  const details = stderr.split('\n').filter((line) => line.startsWith('tallyspan:'));
  const ended =
    signal === null ? `${name} ended with exit code ${String(exitCode)}` : `${name} was ended by ${signal}`;
  if (reports.length === 0 && details.length === 0) {
    return {
      check: 'command',
      verdict: 'fail',
      what: `${ended} and the preload said nothing`,
      advice: 'Is it a Node program? NODE_OPTIONS reaches only those.',
    };
  }
  const seen = sumReports(reports);
  if (seen.calls === 0 && seen.runs === 0) {
    return {
      check: 'command',
      verdict: 'fail',
      what: `${ended}, and no run and no model call of it was observed`,
      details,
      advice: explainSilences(reports).join(' '),
    };
  }
  const ways = describeWays(seen);
  return {
    check: 'command',
    verdict: exitCode === 0 ? 'ok' : 'warn',
    what: `${ended}; observed: ${describeCounts(seen)}${ways === '' ? '' : ` (${ways})`}`,
    details,
  };
}
