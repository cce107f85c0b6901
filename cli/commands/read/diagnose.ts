// `tallyspan diagnose`: why a time was more expensive (or cheaper) than another, with the fix.

import type { Command } from 'commander';
import {
  NO_DATA,
  formatCost,
  formatCostChange,
  formatCount,
  formatCountOf,
  formatTimes,
} from '../../../core/text/format.ts';
import { PART_NAMES, partDetailText } from '../../../core/diagnosis/part-names.ts';
import { reportHeadline } from '../../../core/diagnosis/report-headline.ts';
import { durationMsOf } from '../../../core/time/duration.ts';
import { presetName } from '../../../server/questions/stretch.ts';
import type { DiagnosisReport } from '../../../server/source.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { formatMoment, formatSpan, formatWindow, zoneOf, type TerminalClock } from '../../terminal/moment.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { indented, painted } from '../../terminal/paragraph.ts';
import { renderTable } from '../../terminal/table.ts';

interface DiagnoseOptions extends SourceCliOptions {
  readonly from?: string;
  readonly to?: string;
  readonly against?: string;
  readonly agent?: string;
  readonly parts?: boolean;
}

type AskedTime = Pick<DiagnoseOptions, 'from' | 'to' | 'agent'>;

const SHORT_ID_LENGTH = 8;

export function registerDiagnose(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('diagnose')
      .description('why did cost change: the change in spend, split exactly, with causes and fixes')
      .option('--from <time>', 'today, yesterday, week, a date, a time, or how far back (default: 24h)')
      .option('--to <time>', 'end of that time (default: now, or the end of the day that --from names)')
      .option(
        '--against <time>',
        'a length that ends where the other begins, such as 7d, or FROM..TO (default: as long as the other)',
      )
      .option('--agent <name>', 'only runs of this agent')
      .option('--parts', 'print every part of the difference, too'),
  ).action(async (options: DiagnoseOptions) => {
    const { report, timezone } = await withSource(options, io, async (source) => ({
      report: await source.diagnosis({
        from: options.from,
        to: options.to,
        against: options.against,
        agent: options.agent,
      }),
      timezone: options.json === true ? 'UTC' : await zoneOf(source),
    }));
    const clock = { nowMs: io.now(), timezone };
    writeAnswer(report, options, io, (safe) =>
      renderDiagnosis(safe, io.stdout, options.parts === true, clock, options),
    );
  });
}

/**
 * The report as lines: the headline of the page, the figures, the causes largest first, each with its fix, what changed when.
 * @param asked how the time and the agent were asked for: they are named so
 */
export function renderDiagnosis(
  report: DiagnosisReport,
  output: CliOutput,
  withParts: boolean,
  clock: TerminalClock = { nowMs: Date.now(), timezone: 'UTC' },
  asked: AskedTime = {},
): string {
  const moment = (iso: string): string => formatMoment(iso, clock.nowMs, clock.timezone);
  const lines = isComparable(report)
    ? indented(sentenceOf(report, clock, asked), '', '', output).map((line) =>
        painted(line, 'strong', output),
      )
    : [];
  const add = (text: string, indent: string): void => {
    lines.push(...indented(text, indent, indent, output));
  };
  add(figuresLine(report), '');
  if (report.sampled) add(sampleLine(report), '');
  for (const cause of report.causes) {
    const runs = cause.runs.map((run) => run.slice(0, SHORT_ID_LENGTH)).join(', ');
    const amount = painted(
      formatCostChange(cause.cost_nano_usd),
      cause.cost_nano_usd > 0 ? 'bad' : 'good',
      output,
    );
    lines.push(
      ...indented(cause.title, `  ${amount}${cause.estimated ? ' (est.)' : ''}  `, '      ', output),
    );
    for (const evidence of cause.evidence_segments)
      add(evidence.map(({ text, at }) => (at === undefined ? text : moment(at))).join(''), '      ');
    if (runs !== '') lines.push(`      → runs ${runs}`);
    lines.push(...indented(cause.fix, `      ${painted('Fix:', 'strong', output)} `, '      ', output));
  }
  const hasRest = report.causes.length > 0 && Math.abs(report.unexplained_nano_usd) > 0;
  if (hasRest) lines.push(`  ${formatCostChange(report.unexplained_nano_usd)}  without a cause that shows`);
  if (report.causes.length === 0) lines.push(noCauseLine(report));
  for (const change of report.changes)
    lines.push(
      `Changed: ${change.kind.replaceAll('_', ' ')} ${change.value}${change.agent === '' ? '' : ` (${change.agent})`} since ${moment(change.since)}`,
    );
  if (isComparable(report))
    lines.push(
      ...indented(
        `from ${formatWindow(report.window, clock)}; against ${formatSpan(report.against, clock)}`,
        '',
        '',
        output,
      ).map((line) => painted(line, 'faint', output)),
    );
  let text = `${lines.join('\n')}\n`;
  if (withParts && report.parts.length > 0)
    text += `\n${renderTable(
      report.parts,
      [
        { title: 'PART', value: (part) => PART_NAMES[part.part] },
        { title: 'OF', shrinks: true, value: (part) => partDetailText(part) ?? '' },
        { title: 'COST', align: 'right', value: (part) => formatCostChange(part.cost_nano_usd) },
      ],
      output,
    )}`;
  return text;
}

function isComparable(report: DiagnosisReport): boolean {
  return report.runs > 0 && report.against_runs > 0;
}

function sentenceOf(report: DiagnosisReport, clock: TerminalClock, asked: AskedTime): string {
  return reportHeadline(report, {
    time: timeName(asked),
    subject: asked.agent ?? '',
    timezone: clock.timezone,
    now: clock.nowMs,
  }).sentence;
}

/** `today`, `last 24 hours`; undefined of a time that only its ends name. */
function timeName({ from, to }: AskedTime): string | undefined {
  if (to !== undefined) return undefined;
  if (from === undefined) return presetName('24h');
  const isNamed = ['today', 'yesterday', 'week'].includes(from) || durationMsOf(from) !== undefined;
  return isNamed ? presetName(from) : undefined;
}

function figuresLine(report: DiagnosisReport): string {
  const { cost_nano_usd: cost, against_nano_usd: against } = report;
  // Nothing is no cost of zero.
  const [hasNow, hasBefore] = [report.runs > 0, report.against_runs > 0];
  const factor = hasNow && against > 0 ? ` (${formatTimes(cost / against)})` : '';
  const difference = hasNow && hasBefore ? formatCostChange(report.difference_nano_usd) : NO_DATA;
  const runs = hasNow ? formatCountOf(report.runs, 'run') : `${NO_DATA} runs`;
  const againstRuns = hasBefore ? formatCount(Math.round(report.against_runs)) : NO_DATA;
  return `Cost ${hasNow ? formatCost(cost) : NO_DATA} against ${hasBefore ? formatCost(against) : NO_DATA}: ${difference}${factor}; ${runs} against ${againstRuns}`;
}

function sampleLine(report: DiagnosisReport): string {
  const lookedAt = `${formatCountOf(report.runs_looked_at, 'run')} against ${formatCount(report.against_runs_looked_at)}`;
  return `from a sample: the most expensive runs and one of every ${report.every_nth_run} others; looked at ${lookedAt}`;
}

function noCauseLine(report: DiagnosisReport): string {
  if (report.runs === 0) return 'No priced calls in that time.';
  if (report.against_runs === 0) return 'No priced calls to compare with: choose another --against.';
  return 'Nothing stands out: no cause shows beyond what runs differ by chance.';
}
