// `tallyspan daily | weekly | monthly | sessions | blocks`: what model calls took, by time.

import type { Command } from 'commander';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
} from '../../../core/text/format.ts';
import { MINUTE_MS } from '../../../core/time/time.ts';
import type {
  UsageAnswer,
  UsageKind,
  UsageReport,
  UsageReportRow,
} from '../../../server/queries/usage/read-usage.ts';
import { isListValue, moneyName } from '../../claude/plan-value.ts';
import { parseTimeZone } from '../../options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { formatMoment } from '../../terminal/moment.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface UsageOptions extends SourceCliOptions {
  readonly since?: string;
  readonly until?: string;
  readonly project?: string;
  readonly timezone?: string;
  readonly breakdown?: boolean;
}

const KINDS: readonly (readonly [UsageKind, string])[] = [
  ['daily', 'what model calls took by day'],
  ['weekly', 'what model calls took by week, from Monday'],
  ['monthly', 'what model calls took by month'],
  ['sessions', 'what model calls took by session'],
  ['blocks', 'what model calls took by block of five hours, and what the current one comes to'],
];

export function registerUsage(program: Command, io: CliIo): void {
  for (const [kind, description] of KINDS) {
    withSourceOptions(
      program
        .command(kind)
        .description(description)
        .option('--since <time>', 'from this day or time on: 2026-11-01, or 7d')
        .option('--until <time>', 'up to this day, it included, or time')
        .option('--project <name>', 'only calls of this project')
        .option('--breakdown', 'with a row for each model')
        .option('--timezone <zone>', 'zone of days (default: that of the server)', parseTimeZone),
    ).action(async (options: UsageOptions) => {
      const { since, until, project, timezone } = options;
      const report = await withSource(options, io, (source) =>
        source.usage({ kind, since, until, project, timezone }),
      );
      const onPlan = isListValue(io.env, report.total);
      writeAnswer({ ...report, money: moneyName(onPlan).json }, options, io, (safe) =>
        renderUsage(safe, { isBroken: options.breakdown === true, onPlan, nowMs: io.now() }, io.stdout),
      );
    });
  }
}

interface Look {
  readonly isBroken: boolean;
  readonly onPlan: boolean;
  readonly nowMs: number;
}

/** A row of the table: of a group, of a model in it, or of all. */
interface Line extends UsageAnswer {
  readonly name: string;
  readonly group?: UsageReportRow;
}

function renderUsage(report: UsageReport, look: Look, output: CliOutput): string {
  if (report.rows.length === 0)
    return 'no model calls in that time. Look further back with --since, or read your history: tallyspan import claude\n';
  const lines: Line[] = report.rows.flatMap((row) => [
    { ...row, name: nameOf(row, report, look), group: row },
    ...(look.isBroken
      ? row.models.map(({ model, ...sums }) => ({ ...sums, name: `  ${model ?? '(no model)'}` }))
      : []),
  ]);
  lines.push({ ...report.total, name: 'total' });
  return `${renderTable(lines, columnsOf(report, look), output)}${remarks(report, look)}`;
}

function nameOf(row: UsageReportRow, { kind, timezone }: UsageReport, { nowMs }: Look): string {
  if (kind === 'blocks')
    return `${formatMoment(row.name ?? row.first_at, nowMs, timezone)}${row.is_active === true ? ' (now)' : ''}`;
  if (kind === 'sessions') return row.name ?? '(none)';
  return row.name ?? '';
}

const TITLES: Readonly<Record<UsageKind, string>> = {
  daily: 'DAY',
  weekly: 'WEEK OF',
  monthly: 'MONTH',
  sessions: 'SESSION',
  blocks: 'BLOCK',
};

function columnsOf({ kind, timezone }: UsageReport, { onPlan, nowMs }: Look): readonly TextColumn<Line>[] {
  const columns: TextColumn<Line>[] = [
    { title: TITLES[kind], whole: kind !== 'sessions', value: ({ name }) => name },
  ];
  if (kind === 'sessions')
    columns.push(
      { title: 'PROJECT', value: ({ group }) => group?.project ?? '' },
      {
        title: 'LAST',
        whole: true,
        value: ({ group }) => (group === undefined ? '' : formatMoment(group.last_at, nowMs, timezone)),
      },
    );
  const tokens = (title: string, read: (line: Line) => number): TextColumn<Line> => ({
    title,
    align: 'right',
    optional: true,
    value: (line) => formatTokens(read(line)),
  });
  columns.push(
    { title: 'CALLS', align: 'right', value: (line) => formatCount(line.model_calls) },
    tokens('INPUT', (line) => line.tokens_input),
    tokens('CACHE WRITE', (line) => line.tokens_cache_write),
    tokens('CACHE READ', (line) => line.tokens_cache_read),
    tokens('OUTPUT', (line) => line.tokens_output),
    { title: moneyName(onPlan).title, align: 'right', value: (line) => formatCost(line.cost_nano_usd) },
  );
  if (kind === 'blocks')
    columns.push(
      {
        title: 'PER HOUR',
        align: 'right',
        value: ({ group }) => (group === undefined ? '' : formatCost(group.nano_usd_per_hour ?? null)),
      },
      {
        title: 'COMES TO',
        align: 'right',
        value: ({ group }) =>
          group?.projected === undefined ? '' : formatCost(group.projected.cost_nano_usd),
      },
    );
  return columns;
}

function remarks({ kind, total, rows, timezone }: UsageReport, { onPlan }: Look): string {
  const lines: string[] = [`days and times in ${timezone}`];
  if (total.not_in_transcript_nano_usd > 0)
    lines.push(
      `of this ${formatCost(total.not_in_transcript_nano_usd)} is not in the transcripts: Claude Code counted it (est.)`,
    );
  const others = total.estimated_nano_usd - total.not_in_transcript_nano_usd;
  if (others > 0) lines.push(`of this ${formatCost(others)} is estimated`);
  if (total.unpriced_calls > 0)
    lines.push(`${formatCountOf(total.unpriced_calls, 'call')} without a known price`);
  const active = rows.find((row) => row.is_active === true);
  if (kind === 'blocks' && active?.projected !== undefined)
    lines.push(
      `the current block ends in ${formatDuration(active.projected.minutes_left * MINUTE_MS)}, at ${formatTokens(Math.round(active.tokens_per_minute ?? 0))} tokens a minute`,
    );
  if (!onPlan && total.list_value_nano_usd > 0)
    lines.push(
      `of this ${formatCost(total.list_value_nano_usd)} is list value: made under a plan, which pays no single call`,
    );
  if (onPlan) lines.push('list value: what the calls would cost by the call; a plan pays no single call');
  return `${lines.join('; ')}\n`;
}
