// `tallyspan findings`: what a fix would recover a week, with the runs that show it.

import type { Command } from 'commander';
import { formatCost } from '../../../core/text/format.ts';
import type { FindingsReport } from '../../../server/source.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import type { CliIo } from '../../terminal/io.ts';

const SHORT_ID_LENGTH = 8;

export function registerFindings(program: Command, io: CliIo): void {
  withSourceOptions(
    program.command('findings').description('what fixes would recover a week in dollars, with evidence'),
  ).action(async (options: SourceCliOptions) => {
    const report = await withSource(options, io, (source) => source.findings());
    writeAnswer(report, options, io, renderFindings);
  });
}

/** The list, most money first. */
export function renderFindings({
  findings,
  weekly_nano_usd: weekly,
  left_out: leftOut,
}: FindingsReport): string {
  const lines = findings.flatMap((finding) => [
    `${formatCost(finding.weekly_nano_usd)} a week  ${finding.title}${finding.agent === '' ? '' : ` (${finding.agent})`}${finding.state === 'open' ? '' : `, ${finding.state}`}`,
    ...finding.evidence.map((text) => `    ${text}`),
    ...(finding.runs.length === 0
      ? []
      : [`    runs ${finding.runs.map((run) => run.slice(0, SHORT_ID_LENGTH)).join(', ')}`]),
    `    Fix: ${finding.fix}`,
    `    Verify: ${finding.verify}`,
  ]);
  const head =
    findings.length === 0
      ? 'no findings: nothing in the last 7 days that a fix would recover more than a cent of'
      : `the fixes would have recovered ${formatCost(weekly)} in the last 7 days`;
  return `${[head, ...lines, ...leftOut.map((text) => `not looked at: ${text}`)].join('\n')}\n`;
}
