// `tallyspan cost`: the spend, split one way.

import { ownerName } from '../../../core/attribution/owner-names.ts';
import { Option, type Command } from 'commander';
import {
  formatCost,
  formatCount,
  formatListValue,
  formatPercent,
  NO_DATA,
} from '../../../core/text/format.ts';
import {
  COST_WAYS,
  type CostBy,
  type CostReport,
  type CostRow,
} from '../../../server/queries/signals/read-cost.ts';
import { DAY_MS, startOfDate } from '../../../core/time/time.ts';
import type { CostQuestion, Source } from '../../../server/source.ts';
import { usageError } from '../../terminal/cli-error.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { formatWindow, zoneOf } from '../../terminal/moment.ts';
import { durationOption, parseCount } from '../../options.ts';
import {
  stretchOfOptions,
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
  readonly breakdown?: BreakdownBy;
}

/** What a row of the report can be split by in turn. */
const BREAKDOWNS = ['model', 'user', 'agent', 'task', 'project', 'session'] as const;
type BreakdownBy = (typeof BREAKDOWNS)[number];

/** A row with its parts, where they were asked for. */
type SplitRow = CostRow & { readonly breakdown?: readonly CostRow[] };

type SplitReport = Omit<CostReport, 'rows'> & { readonly rows: readonly SplitRow[] };

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
    )
      .addOption(
        new Option('--breakdown [by]', 'with the parts of each row (default: by model)')
          .choices(BREAKDOWNS)
          .preset('model'),
      )
      .option('--limit <n>', 'at most this many rows, days aside; --json gives all', parseCount, ROWS_SHOWN),
  ).action(async (options: CostOptions) => {
    const where = whereOf(options);
    const report = await withSource(options, io, async (source) => {
      const isNamed = options.from !== undefined || options.to !== undefined;
      const stretch = stretchOfOptions(options, io.now(), isNamed ? await zoneOf(source) : 'UTC');
      const question = {
        by: options.by,
        since: stretch?.from ?? io.now() - options.since,
        until: stretch?.to,
        where,
      };
      const whole = await source.cost(question);
      return options.breakdown === undefined ? whole : withParts(source, whole, question, options);
    });
    writeAnswer(report, options, io, (safe) => renderCostReport(safe, io.stdout, io.now(), options.limit));
  });
}

/** Each row with its own split: of a day that of the day, of a group that of the group. */
async function withParts(
  source: Source,
  report: CostReport,
  question: CostQuestion,
  { by, breakdown, limit, json }: CostOptions,
): Promise<SplitReport> {
  if (by === 'tool' || by === 'source' || by === breakdown)
    throw usageError(`--breakdown ${breakdown ?? ''} does not go with --by ${by}`);
  const [from, to] = [Date.parse(report.window.from), Date.parse(report.window.to)];
  const shown = by === 'day' || json === true ? report.rows.length : limit;
  const rows: SplitRow[] = [];
  for (const [index, row] of report.rows.entries()) {
    if (row.name === null || !row.calls || index >= shown) {
      rows.push(row);
      continue;
    }
    const day = by === 'day' ? dayOfText(row.name, report.timezone) : undefined;
    const parts = await source.cost({
      ...question,
      by: breakdown,
      since: Math.max(from, day?.from ?? from),
      until: Math.min(to, day?.to ?? to),
      where: { ...question.where, ...(by === 'day' ? {} : { [by]: row.name }) },
    });
    rows.push({ ...row, breakdown: parts.rows });
  }
  return { ...report, rows };
}

/** The day that a row is of, `2026-11-30`. */
function dayOfText(date: string, timezone: string): { readonly from: number; readonly to: number } {
  const days = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  return { from: startOfDate(days, timezone), to: startOfDate(days + 1, timezone) };
}

/** The rows of a report as a table, of groups the most expensive, with the total under it. */
export function renderCostReport(
  report: SplitReport,
  output: CliOutput,
  nowMs: number,
  limit = ROWS_SHOWN,
): string {
  // Days stand in the report whether anything happened or not.
  if (report.rows.every(({ calls }) => calls === 0))
    return `no spend in that time (${formatWindow(report.window, { nowMs, timezone: report.timezone })})\n`;
  const rows = report.by === 'day' ? report.rows : report.rows.slice(0, limit);
  const table = renderTable(rows.flatMap(linesOf), columnsOf(report, output.isTTY === true), output);
  const remark = report.by === 'day' ? `, days in ${report.timezone}` : moreText(rows, report.rows);
  const listValue = formatListValue(report.total.cost_nano_usd, report.total.list_value_nano_usd);
  const named =
    listValue === undefined ? '' : ` (${listValue}: made under a plan, which pays no single call)`;
  return `${table}total ${formatCost(report.total.cost_nano_usd)}${named}${remark}\n${renderAdjustments(report)}${renderToolTax(report)}`;
}

function moreText(shown: readonly CostRow[], all: readonly CostRow[]): string {
  if (shown.length === all.length) return '';
  return `; the most expensive ${formatCount(shown.length)} of ${formatCount(all.length)}, --limit shows more`;
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

/** A row, and below it its parts, a little to the right. */
function linesOf(row: SplitRow): readonly Line[] {
  return [row, ...(row.breakdown ?? []).map((part) => ({ ...part, isPart: true as const }))];
}

type Line = CostRow & { readonly isPart?: true };

function columnsOf(report: SplitReport, hasBars: boolean): readonly TextColumn<Line>[] {
  const { by } = report;
  const most = Math.max(0, ...report.rows.map((row) => row.cost_nano_usd ?? 0));
  const isTool = by === 'tool';
  const columns: TextColumn<Line>[] = [
    {
      title: by.toUpperCase(),
      whole: by === 'day',
      value: (row) =>
        `${row.isPart === true ? '  ' : ''}${row.name === null ? '(none)' : by === 'tool' ? ownerName(row.name) : row.name}`,
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
  if (report.rows.some((row) => row.list_value_nano_usd !== undefined))
    columns.push({
      title: 'LIST VALUE',
      align: 'right',
      value: (row) => (row.list_value_nano_usd === undefined ? '' : formatCost(row.list_value_nano_usd)),
    });
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
