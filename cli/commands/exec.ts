// `tallyspan exec -- CMD`: runs a command with the preload in it and in all that it starts, and shows at its end what was
// observed. Output and exit code are the command's.

import type { Command } from 'commander';
import { formatCost } from '../../core/text/format.ts';
import { explainSilences } from '../../core/process-report.ts';
import {
  describeCounts,
  describeWays,
  runReporting,
  sumReports,
  type ReportedCommand,
} from '../observed/observed-command.ts';
import { CommandEnded } from '../terminal/command-ended.ts';
import type { CliIo } from '../terminal/io.ts';

export function registerExec(program: Command, io: CliIo): void {
  program
    .command('exec')
    .description('run your agent with the preload in it, and see what was observed')
    .argument('<command...>', 'the command, after --')
    .action(async (command: readonly string[]) => {
      const observed = await runReporting(command, io);
      for (const line of describe(observed)) io.stderr.write(`tallyspan: ${line}\n`);
      throw new CommandEnded(observed, 0);
    });
}

function describe({ reports }: ReportedCommand): string[] {
  if (reports.length === 0)
    return [
      'no Node process reported: is it a Node program, of Node 22.15 or later, and did it end by itself?',
    ];
  const seen = sumReports(reports);
  const ways = describeWays(seen);
  if (seen.calls > 0 || seen.runs > 0)
    return [`${describeCounts(seen)}, ${formatCost(seen.costNanoUsd)}${ways === '' ? '' : ` (${ways})`}`];
  return ['no model call was observed.', ...explainSilences(reports)];
}
