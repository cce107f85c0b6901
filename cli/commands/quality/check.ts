// `tallyspan check -- CMD`: runs one command, observes it without any set-up, and fails when it is over its limits.

import type { Command } from 'commander';
import { formatCost, formatCountOf, formatPercent, NO_DATA } from '../../../core/text/format.ts';
import { checkLimits, type LimitOutcome } from '../../../core/scores/limits.ts';
import { factsOfRuns, type RunFacts } from '../../../core/scores/run-facts.ts';
import { limitsOf, withLimitOptions, type LimitCliOptions } from '../../check/limit-options.ts';
import { startObservation } from '../../check/observed-events.ts';
import { findRegister, runObserved } from '../../check/run-observed.ts';
import { checkResultFile, writeResultFile } from '../../files/text-file.ts';
import { usageError } from '../../terminal/cli-error.ts';
import { CommandEnded } from '../../terminal/command-ended.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { durationOption } from '../../options.ts';
import { safeText } from '../../../core/text/safe-text.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface CheckOptions extends LimitCliOptions {
  readonly timeout?: number;
  readonly report?: string;
  readonly quiet?: boolean;
}

export function registerCheck(program: Command, io: CliIo): void {
  withLimitOptions(
    program
      .command('check')
      .description('run one command and fail when it costs, takes or breaks more than allowed')
      .argument('<command...>', 'the command, after --')
      .addOption(durationOption('--timeout <time>', 'stop the command after this time'))
      .option('--report <file>', 'write what was observed as JSON')
      .option('--quiet', 'print nothing unless a limit is not kept'),
  )
    .addHelpText(
      'after',
      `
The command runs as it would by itself: its input, output and errors are untouched, and check ends as it
ended. Where it succeeded and a limit is not kept, or could not be checked, the exit code is 1. The report
is printed on stderr after its end.

  tallyspan check --max-cost '$0.05' --max-turns 10 --min-cache-hit 60 -- node agent.mjs`,
    )
    .action(async (command: readonly string[], options: CheckOptions) => {
      const limits = limitsOf(options);
      if (Object.values(limits).every((limit) => limit === undefined) && options.report === undefined)
        throw usageError('set at least one limit, such as --max-cost $0.05');
      if (options.report !== undefined) await checkResultFile(options.report);
      const observation = await startObservation(findRegister(), io.env);
      try {
        const { exitCode, signal, isTimeout } = await runObserved(command, observation, {
          env: io.env,
          timeoutMs: options.timeout,
          signal: io.signal,
        });
        const runs = factsOfRuns(await observation.events());
        const outcomes = checkLimits(runs, limits);
        const isKept = outcomes.every((outcome) => outcome.isKept);
        if (options.report !== undefined)
          await writeResultFile(
            options.report,
            `${JSON.stringify({ runs, limits: outcomes, end: { exitCode, signal, isTimeout } }, undefined, 2)}\n`,
          );
        if (options.quiet !== true || !isKept) io.stderr.write(renderCheck(runs, outcomes, io.stderr));
        if (isTimeout) io.stderr.write('check: the command was stopped, it took too long\n');
        throw new CommandEnded({ exitCode, signal }, isKept && !isTimeout ? 0 : 1);
      } finally {
        await observation.close();
      }
    });
}

function renderCheck(
  runs: readonly RunFacts[],
  outcomes: readonly LimitOutcome[],
  output: CliOutput,
): string {
  const columns: readonly TextColumn<LimitOutcome>[] = [
    { title: 'CHECK', value: ({ title }) => title },
    { title: 'VALUE', align: 'right', value: ({ value }) => value },
    { title: 'LIMIT', align: 'right', value: ({ limit }) => limit },
    {
      title: '',
      tone: ({ isKept }) => (isKept ? 'good' : 'bad'),
      value: ({ isKept, why }) => (isKept ? 'ok' : (why ?? 'not kept')),
    },
  ];
  return `${summaryText(runs)}${outcomes.length === 0 ? '' : renderTable(outcomes, columns, output)}`;
}

function summaryText(runs: readonly RunFacts[]): string {
  if (runs.length === 0)
    return 'check: no run was observed. Does the command call the Anthropic SDK, in Node 22.15 or later?\n';
  const sum = (read: (run: RunFacts) => number): number => runs.reduce((all, run) => all + read(run), 0);
  const input = sum((run) => run.tokensIn);
  const cached = sum((run) => run.tokensIn * (run.cacheHitRatio ?? 0));
  const parts = [
    formatCountOf(runs.length, 'run'),
    costText(runs),
    formatCountOf(
      sum((run) => run.turns),
      'turn',
    ),
    formatCountOf(
      sum((run) => run.toolCalls),
      'tool call',
    ),
    `cache ${input === 0 ? NO_DATA : formatPercent(cached / input)}`,
    ...runs.flatMap((run) => (run.status === 'ok' ? [] : [`${run.agent ?? 'a run'} ended ${run.status}`])),
  ];
  return `check: ${parts.map((part) => safeText(part)).join(', ')}\n`;
}

/** A sum that lacks something says what. */
function costText(runs: readonly RunFacts[]): string {
  const unpriced = runs.reduce((sum, run) => sum + run.unpricedCalls, 0);
  const cost = runs.reduce((sum, run) => sum + (run.costNanoUsd ?? 0), 0);
  if (unpriced === 0) return formatCost(cost);
  const without = `${formatCountOf(unpriced, 'call')} without a price`;
  return cost === 0 ? without : `${formatCost(cost)} and ${without}`;
}
