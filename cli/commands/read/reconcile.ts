// `tallyspan reconcile`: what Anthropic billed beside what was observed. With a key for the Admin API in the environment it
// fetches the bill first; without one it shows what the server fetched.

import type { Command } from 'commander';
import { formatCost, formatPercent, NO_DATA } from '../../../core/text/format.ts';
import { adminApiOf, readServiceKeys } from '../../../server/billing/billing-settings.ts';
import { updateBill } from '../../../server/billing/update-bill.ts';
import type { ReconciliationReport, ReconciliationSums } from '../../../server/source.ts';
import { openEventSink } from '../../files/event-sink.ts';
import { durationOption } from '../../options.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/table.ts';

interface ReconcileOptions extends SourceCliOptions {
  readonly since: number;
}

const CAUSES: Readonly<Record<ReconciliationReport['causes'][number]['cause'], string>> = {
  day_not_observed: 'days on which no billed call was observed',
  uncovered_key: 'API keys whose calls are not observed',
  claude_code: 'Claude Code calls that its telemetry does not report',
  batch_not_observed: 'batches whose results no observed program read',
  not_by_call: 'code execution and session time, billed beside calls',
  day_boundary: 'counted on the day before or after',
  contract_rate: 'contract rates',
  rounding: 'rounding',
  unpriced: 'calls without a price in the table',
  unknown: 'without a cause that the numbers show',
  not_billed: 'observed and not billed',
};

export function registerReconcile(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('reconcile')
      .description('compare with what Anthropic billed (fetches the bill where ANTHROPIC_ADMIN_KEY is set)')
      .addOption(durationOption('--since <time>', 'how far back to look, in whole days (UTC)', '7d')),
  ).action(async (options: ReconcileOptions) => {
    const api = adminApiOf(io.env);
    const serviceOfKey = readServiceKeys(io.env);
    const since = io.now() - options.since;
    if (api !== undefined) {
      const { source, meta, billing } = await withSource(options, io, async (opened) => ({
        source: opened,
        meta: await opened.meta(),
        billing: await opened.billing({ since }),
      }));
      const sink = await openEventSink(source, meta, io);
      try {
        await updateBill({
          ...billing,
          api: { ...api, signal: io.signal },
          stored: billing,
          // What the server keeps is what its page and signals show.
          serviceOfKey:
            serviceOfKey.size > 0 ? serviceOfKey : readServiceKeys({ TALLYSPAN_BILLING_KEYS: billing.keys }),
          now: () => io.now(),
          onNote: (note) => io.stderr.write(`tallyspan: ${note}\n`),
          append: (events) => sink.append(events),
        });
      } finally {
        await sink.close();
      }
    }
    const report = await withSource(options, io, (source) => source.reconciliation({ since, serviceOfKey }));
    if (report.fetched_at === null && options.json !== true)
      throw new CliError(
        api === undefined
          ? 'no bill was fetched yet. Set ANTHROPIC_ADMIN_KEY to an Admin API key (or one with the scope read:analytics), here or where the server runs.'
          : 'the Admin API has no cost for that time. Look further back with --since.',
      );
    writeAnswer(report, options, io, (safe) => renderReconciliation(safe, io.stdout));
  });
}

/** The report: totals, causes, keys. */
export function renderReconciliation(report: ReconciliationReport, output: CliOutput): string {
  const { total } = report;
  const discount =
    total.billed_amount_nano_usd === total.billed_list_nano_usd
      ? ''
      : ` (${formatCost(total.billed_amount_nano_usd)} after discounts)`;
  const lines = [
    `billed ${formatCost(total.billed_list_nano_usd)}${discount}, observed ${formatCost(total.observed_nano_usd)}: difference ${signed(total.difference_nano_usd)}, ${differenceText(total)}`,
    `coverage ${percent(total.coverage)}, price drift ${percent(total.drift)}`,
    ...report.causes.map(({ cause, nano_usd: nanoUsd }) => `  ${signed(nanoUsd)}  ${CAUSES[cause]}`),
  ];
  if (report.unreported_days.length > 0)
    lines.push(`not in the bill yet, and not counted: ${report.unreported_days.join(', ')}`);
  const table = renderTable(
    report.by_key,
    [
      { title: 'API KEY', shrinks: true, value: (row) => row.api_key_id ?? '(none)' },
      { title: 'BILLED', align: 'right', value: (row) => formatCost(row.billed_list_nano_usd) },
      { title: 'OBSERVED', align: 'right', value: (row) => formatCost(row.observed_nano_usd) },
      { title: 'DIFFERENCE', align: 'right', value: (row) => signed(row.difference_nano_usd) },
      { title: 'COVERAGE', align: 'right', value: (row) => percent(row.coverage) },
    ],
    output,
  );
  return `${lines.join('\n')}\n\n${table}`;
}

function differenceText({
  difference_nano_usd: difference,
  billed_list_nano_usd: billed,
}: ReconciliationSums): string {
  return billed === 0 ? NO_DATA : `${((difference / billed) * 100).toFixed(2)} %`;
}

function signed(nanoUsd: number): string {
  return nanoUsd > 0 ? `+${formatCost(nanoUsd)}` : formatCost(nanoUsd);
}

function percent(share: number | null): string {
  return share === null || share === 0 || share === 1
    ? formatPercent(share)
    : `${(share * 100).toFixed(2)} %`;
}
