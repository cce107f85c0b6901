// `tallyspan cost`: the spend, split one way.

import { ownerName } from '../../../core/attribution/owner-names.ts';
import { Option, type Command } from 'commander';
import { formatCost, formatCount, formatPercent, NO_DATA } from '../../../core/text/format.ts';
import {
  COST_WAYS,
  type CostBy,
  type CostReport,
  type CostRow,
} from '../../../server/queries/signals/read-cost.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { zoneOf } from '../../terminal/moment.ts';
import { durationOption, parseCount } from '../../options.ts';
import {
  stretchOf,
  whereOf,
  withNarrowingOptions,
  withTimeOptions,
  type NarrowingOptions,
  type TimeOptions,
} from '../../time-options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

interface CostOptions extends SourceCliOptions, TimeOptions, NarrowingOptions {
  readonly by: CostBy;
  readonly since: number;
  readonly limit: number;
}

const ROWS_SHOWN = 50;
/** Unused tools that are named in one line. */
const TOOLS_SHOWN = 8;

export function registerCost(program: Command, io: CliIo): void {
  withSourceOptions(
    withNarrowingOptions(
      withTimeOptions(
        program
          .command('cost')
          .description('the spend')
          .addOption(new Option('--by <way>', 'how to split it').choices(COST_WAYS).default('day'))
          .addOption(durationOption('--since <time>', 'how far back to look', '7d')),
      ),
    ).option('--limit <n>', 'at most this many rows, days aside; --json gives all', parseCount, ROWS_SHOWN),
  ).action(async (options: CostOptions) => {
    const report = await withSource(options, io, async (source) => {
      const isNamed = options.from !== undefined || options.to !== undefined;
      const stretch = stretchOf(options, io.now(), isNamed ? await zoneOf(source) : 'UTC');
      return source.cost({
        by: options.by,
        since: stretch?.from ?? io.now() - options.since,
        until: stretch?.to,
        where: whereOf(options),
      });
    });
    writeAnswer(report, options, io, (safe) => renderCostReport(safe, io.stdout, options.limit));
  });
}

/** The rows of a report as a table, of groups the most expensive, with the total under it. */
export function renderCostReport(report: CostReport, output: CliOutput, limit = ROWS_SHOWN): string {
  // Days stand in the report whether anything happened or not.
  if (report.rows.every(({ calls }) => calls === 0)) return `no spend in that time (${windowText(report)})\n`;
  const rows = report.by === 'day' ? report.rows : report.rows.slice(0, limit);
  const table = renderTable(rows, columnsOf(report, output.isTTY === true), output);
  const remark = report.by === 'day' ? `, days in ${report.timezone}` : moreText(rows, report.rows);
  return `${table}total ${formatCost(report.total.cost_nano_usd)}${remark}\n${renderAdjustments(report)}${renderToolTax(report)}`;
}

function moreText(shown: readonly CostRow[], all: readonly CostRow[]): string {
  if (shown.length === all.length) return '';
  return `; the most expensive ${formatCount(shown.length)} of ${formatCount(all.length)}, --limit shows more`;
}

function windowText({ window }: CostReport): string {
  return `${window.from.slice(0, 16)}Z – ${window.to.slice(0, 16)}Z`;
}

/** What `recost` found about the calls of the window. */
function renderAdjustments({ adjustments, total }: CostReport): string {
  if (adjustments === undefined) return '';
  const { cost_nano_usd: cost } = adjustments;
  const sign = cost < 0 ? '' : '+';
  return `adjustments ${sign}${formatCost(cost)}; with them ${formatCost((total.cost_nano_usd ?? 0) + cost)}\n`;
}

/** What tool definitions cost, and which of them nobody called. */
function renderToolTax({ tool_tax: tax }: CostReport): string {
  if (tax === undefined || tax.cost_nano_usd === 0) return '';
  const head = `tool definitions ${formatCost(tax.cost_nano_usd)} (est.)`;
  if (tax.unused.length === 0) return `${head}; each tool was used\n`;
  const unused = tax.unused.map(({ tool, cost_nano_usd: cost }) => `${tool} ${formatCost(cost)}`);
  const rest = unused.length > TOOLS_SHOWN ? ` and ${unused.length - TOOLS_SHOWN} more` : '';
  return `${head}; never used: ${unused.slice(0, TOOLS_SHOWN).join(', ')}${rest}\n`;
}

const BAR_WIDTH = 16;

function columnsOf(report: CostReport, hasBars: boolean): readonly TextColumn<CostRow>[] {
  const { by } = report;
  const most = Math.max(0, ...report.rows.map((row) => row.cost_nano_usd ?? 0));
  const isTool = by === 'tool';
  const columns: TextColumn<CostRow>[] = [
    {
      title: by.toUpperCase(),
      whole: by === 'day',
      value: (row) => (row.name === null ? '(none)' : by === 'tool' ? ownerName(row.name) : row.name),
    },
    { title: 'CALLS', align: 'right', value: (row) => formatCount(row.calls) },
  ];
  if (!isTool && by !== 'model') {
    columns.push({ title: 'RUNS', align: 'right', value: (row) => formatCount(row.runs) });
  }
  columns.push(
    {
      title: isTool ? 'CONTEXT COST' : 'COST',
      align: 'right',
      value: (row) =>
        `${formatCost(row.cost_nano_usd)}${isTool && row.cost_nano_usd !== null ? ' (est.)' : ''}`,
    },
    { title: 'SHARE', align: 'right', value: (row) => formatPercent(row.share) },
  );
  // For the eye only: where the output is read by a program it would be in the way.
  if (hasBars && most > 0)
    columns.push({
      title: '',
      optional: true,
      value: (row) => '█'.repeat(Math.round((Math.max(0, row.cost_nano_usd ?? 0) / most) * BAR_WIDTH)),
    });
  if (isTool) {
    columns.push(
      { title: 'PER CALL', align: 'right', value: (row) => formatCost(row.cost_per_call_nano_usd) },
      {
        title: 'RESULT p50',
        align: 'right',
        optional: true,
        value: (row) => formatSize(row.result_size_p50),
      },
      { title: 'FAILED', align: 'right', optional: true, value: (row) => formatPercent(row.failure_rate) },
      { title: 'RETRIED', align: 'right', optional: true, value: (row) => formatPercent(row.retry_rate) },
    );
  }
  return columns;
}

function formatSize(characters: number | null | undefined): string {
  return characters === null || characters === undefined ? NO_DATA : `${formatCount(characters)} chars`;
}
