// `tallyspan limits`: what is spent, reserved and left of limits, and whom they refused.

import type { Command } from 'commander';
import { formatCost, formatCount, formatNoteText, formatPercent } from '../../core/text/format.ts';
import {
  LIMITS_SHOWN,
  usedRatioOf,
  type LimitActionRow,
  type LimitState,
} from '../../server/limits/read-limits.ts';
import { writeAnswer } from '../terminal/answer.ts';
import type { CliIo } from '../terminal/io.ts';
import { formatMoment, zoneOf } from '../terminal/moment.ts';
import { durationOption, durationText } from '../options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../source-options.ts';
import { renderTable, type TextColumn } from '../terminal/table.ts';

interface LimitsOptions extends SourceCliOptions {
  readonly since: number;
}

const NEARLY = 0.8;
const SHORT_ID_LENGTH = 8;

export function registerLimits(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('limits')
      .description('limits: spent, reserved and left today, and whom they refused')
      .addOption(durationOption('--since <time>', 'how far back to look for refusals', '24h')),
  ).action(async (options: LimitsOptions) => {
    const { overview, timezone } = await withSource(options, io, async (source) => ({
      overview: await source.limits(io.now() - options.since),
      timezone: options.json === true ? '' : await zoneOf(source),
    }));
    writeAnswer(overview, options, io, (safe) => {
      const today =
        safe.limits.length === 0
          ? 'no process shares a limit through this server today; docs/limits.md says how\n'
          : `${renderTable(safe.limits.slice(0, LIMITS_SHOWN), LIMIT_COLUMNS, io.stdout)}${
              safe.limits.length > LIMITS_SHOWN
                ? `the ${LIMITS_SHOWN} most used of ${formatCount(safe.limits.length)}; --json has all\n`
                : ''
            }`;
      const lately =
        safe.actions.length === 0
          ? `no limit was reached in the last ${durationText(options.since)}\n`
          : `${renderTable(safe.actions, actionColumns(io.now(), timezone), io.stdout)}times in ${timezone}; days of limits in UTC\n`;
      return `${today}\n${lately}`;
    });
  });
}

const LIMIT_COLUMNS: readonly TextColumn<LimitState>[] = [
  { title: 'SCOPE', whole: true, value: ({ scope }) => scope },
  { title: 'WHOSE', value: ({ key }) => key },
  { title: 'LIMIT', align: 'right', value: (limit) => formatCost(limit.limit_nano_usd) },
  { title: 'SPENT', align: 'right', value: (limit) => formatCost(limit.spent_nano_usd) },
  { title: 'RESERVED', align: 'right', value: (limit) => formatCost(limit.reserved_nano_usd) },
  { title: 'LEFT', align: 'right', value: (limit) => formatCost(limit.left_nano_usd) },
  {
    title: 'USED',
    align: 'right',
    value: (limit) => formatPercent(usedRatioOf(limit)),
    tone: (limit) => (usedRatioOf(limit) < NEARLY ? 'good' : 'bad'),
  },
  { title: 'BY DAY END', align: 'right', value: (limit) => formatCost(limit.forecast_nano_usd) },
  { title: 'SET BY', shrinks: true, value: ({ rule }) => rule },
];

function actionColumns(nowMs: number, timezone: string): readonly TextColumn<LimitActionRow>[] {
  return [
    { title: 'WHEN', whole: true, value: ({ at }) => formatMoment(at, nowMs, timezone) },
    {
      title: 'WHAT',
      whole: true,
      value: ({ action }) => action,
      tone: ({ action }) => (action === 'refused' || action === 'stopped' ? 'bad' : 'faint'),
    },
    { title: 'LIMIT', whole: true, value: ({ scope }) => scope },
    { title: 'RUN', whole: true, value: (action) => action.run_id?.slice(0, SHORT_ID_LENGTH) ?? '' },
    { title: 'AGENT', value: ({ agent }) => agent ?? '' },
    { title: 'USER', value: ({ user }) => user ?? '' },
    { title: 'MODEL', optional: true, value: ({ model }) => model ?? '' },
    { title: 'FIGURES', shrinks: true, wraps: true, value: figuresOf },
  ];
}

function figuresOf(action: LimitActionRow): string {
  const figures = formatNoteText({
    'limit.action': action.action,
    limit_nano_usd: action.limit_nano_usd,
    limit_reserved_nano_usd: action.reserved_nano_usd,
    limit_spent_nano_usd: action.spent_nano_usd,
    limit_needed_nano_usd: action.needed_nano_usd,
    limit_count: action.limit_count,
    limit_spent_count: action.spent_count,
  });
  return figures ?? action.tool ?? '';
}
