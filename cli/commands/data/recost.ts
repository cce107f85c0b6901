// `tallyspan recost`: recorded calls at the present prices, and the difference appended where asked.
// What is stored never changes.

import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { decodeEvent, type EventRecord } from '../../../core/event.ts';
import { formatCost, formatCount, formatCountOf } from '../../../core/text/format.ts';
import { usdOf } from '../../../core/money.ts';
import type { EventName } from '../../../core/schema.ts';
import type { Source } from '../../../server/source.ts';
import { writeJson } from '../../terminal/answer.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { durationOption } from '../../options.ts';
import { loadPriceOverrides } from '../../prices/price-overrides-file.ts';
import { differenceOf, makeRecostReport, type LeftOut, type RecostReport } from '../../recost-report.ts';
import { openEventSink } from '../../files/event-sink.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { startProgress, type ProgressBar } from '../../terminal/progress.ts';
import { renderTable } from '../../terminal/table.ts';

interface RecostOptions extends SourceCliOptions {
  readonly since: number;
  readonly apply?: boolean;
  readonly prices?: string;
}

const LEFT_OUT_TEXTS: Readonly<Record<LeftOut, string>> = {
  still_unpriced: 'no price now either',
  several_steps: 'several steps of which only the sum is recorded',
  usage_missing: 'no recorded usage',
  billed_elsewhere: 'billed elsewhere',
  duplicate: 'further records of a response',
  span_id_missing: 'no span id',
  price_file_missing: 'priced with a price file: name it with --prices',
};

export function registerRecost(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('recost')
      .description('recorded calls at the present prices; --apply appends the difference')
      .addOption(durationOption('--since <time>', 'how far back to look', '7d'))
      .option('--prices <file>', 'price override file (default: TALLYSPAN_PRICES)')
      .option('--apply', 'append an adjustment for each call that differs'),
  ).action(async (options: RecostOptions) => {
    const overrides = await loadPriceOverrides(options.prices, io.env);
    const window = { since: io.now() - options.since, until: io.now() };
    const { report, meta, from } = await withSource(options, io, async (source) => {
      const calls = await countOf(source, window);
      const progress = startProgress('pricing', calls, io);
      try {
        const made = await makeRecostReport(
          readEvents(source, 'agent.cost_adjustment', window),
          counted(readEvents(source, 'agent.model_call', window), progress),
          overrides,
          options.apply === true,
        );
        return { report: made, meta: await source.meta(), from: source };
      } finally {
        progress.stop();
      }
    });
    const isApplied = options.apply === true && report.changed > 0;
    if (isApplied) {
      const sink = await openEventSink(from, meta, io);
      try {
        await sink.append(report.adjustments);
      } finally {
        await sink.close();
      }
    }
    if (options.json === true) writeJson(io, toJson(report, window, isApplied));
    else io.stdout.write(renderRecost(report, isApplied, io.stdout));
  });
}

/** How many calls there are, for the bar; of repeated ones it may be a few more. */
async function countOf(
  source: Source,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<number> {
  const result = await source.signal('model_calls', { from: since, to: until });
  return 'value' in result ? (result.value ?? 0) : 0;
}

async function* counted(
  events: AsyncIterable<EventRecord>,
  progress: ProgressBar,
): AsyncGenerator<EventRecord> {
  for await (const event of events) {
    progress.advance(1);
    yield event;
  }
}

async function* readEvents(
  source: Source,
  name: EventName,
  window: { readonly since: number; readonly until: number },
): AsyncGenerator<EventRecord> {
  const bytes = Readable.from(source.export({ format: 'jsonl', names: [name], ...window }));
  for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY })) {
    const event = decodeEvent(line);
    if (event !== undefined) yield event;
  }
}

function toJson(
  report: RecostReport,
  window: { readonly since: number; readonly until: number },
  isApplied: boolean,
): Record<string, unknown> {
  const total = totalOf(report);
  return {
    window: { from: new Date(window.since).toISOString(), to: new Date(window.until).toISOString() },
    table: report.table,
    applied: isApplied,
    adjustments: report.changed,
    ...moneyOf(total),
    models: report.rows.map((row) => ({
      model: row.model,
      calls: row.calls,
      changed_calls: row.changed,
      ...moneyOf(row),
    })),
    skipped: Object.fromEntries(report.leftOut),
  };
}

interface Money {
  readonly recordedNanoUsd: number;
  readonly nowNanoUsd: number;
}

function moneyOf(money: Money): Record<string, number> {
  const difference = differenceOf(money);
  return {
    recorded_nano_usd: money.recordedNanoUsd,
    now_nano_usd: money.nowNanoUsd,
    difference_nano_usd: difference,
    difference_usd: usdOf(difference),
  };
}

function totalOf({ rows }: RecostReport): Money {
  return {
    recordedNanoUsd: rows.reduce((sum, row) => sum + row.recordedNanoUsd, 0),
    nowNanoUsd: rows.reduce((sum, row) => sum + row.nowNanoUsd, 0),
  };
}

/** The table by model, what follows from it, and what was left out and why. */
export function renderRecost(report: RecostReport, isApplied: boolean, output: CliOutput): string {
  const { rows, changed, leftOut } = report;
  const lines = [...leftOut].map(
    ([reason, count]) => `left as recorded: ${formatCountOf(count, 'call')}: ${LEFT_OUT_TEXTS[reason]}`,
  );
  if (rows.length === 0) return ['no call to price again in that time', ...lines, ''].join('\n');
  const table = renderTable(
    rows,
    [
      { title: 'MODEL', shrinks: true, value: (row) => row.model },
      { title: 'CALLS', align: 'right', value: (row) => formatCount(row.calls) },
      { title: 'CHANGED', align: 'right', value: (row) => formatCount(row.changed) },
      { title: 'RECORDED', align: 'right', value: (row) => formatCost(row.recordedNanoUsd) },
      { title: 'NOW', align: 'right', value: (row) => formatCost(row.nowNanoUsd) },
      { title: 'DIFFERENCE', align: 'right', value: (row) => signedCost(differenceOf(row)) },
    ],
    output,
  );
  const difference = signedCost(differenceOf(totalOf(report)));
  const what =
    changed === 0
      ? `table ${report.table}: every call costs what is recorded`
      : `table ${report.table}: ${formatCountOf(changed, 'call')} ${changed === 1 ? 'differs' : 'differ'}, by ${difference} together; ` +
        (isApplied ? 'adjustments appended' : 'nothing is changed, --apply appends adjustments');
  return `${table}${[what, ...lines].join('\n')}\n`;
}

function signedCost(nanoUsd: number): string {
  return nanoUsd > 0 ? `+${formatCost(nanoUsd)}` : formatCost(nanoUsd);
}
