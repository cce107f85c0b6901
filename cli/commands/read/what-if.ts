// `tallyspan what-if`: what the recorded calls would have cost with one setting changed.

import { InvalidArgumentError, Option, type Command } from 'commander';
import { formatCost, formatCountOf, formatPercent, formatTokens } from '../../../core/text/format.ts';
import { whyWithoutPrice } from '../../../core/prices/model-without-price.ts';
import { CACHE_SETTINGS } from '../../../server/queries/diagnosis/read-what-if.ts';
import type { WhatIfReport } from '../../../server/source.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { usageError } from '../../terminal/cli-error.ts';
import type { CliIo, CliOutput } from '../../terminal/io.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';
import { renderTable } from '../../terminal/table.ts';

interface WhatIfOptions extends SourceCliOptions {
  readonly from?: string;
  readonly to?: string;
  readonly agent?: string;
  readonly model?: string;
  readonly cache?: string;
  readonly batch?: boolean;
}

export function registerWhatIf(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('what-if')
      .alias('whatif')
      .description('what the recorded calls would have cost with another model, cache setting or in a batch')
      .option('--model <id>', 'price all calls as this model', parseModel)
      .addOption(new Option('--cache <setting>', 'cache off, or for this long').choices([...CACHE_SETTINGS]))
      .option('--batch', 'at the price of the batch API')
      .option('--from <time>', 'today, yesterday, week, a date, a time, or how far back (default: 7d)')
      .option('--to <time>', 'end of that time (default: now, or the end of the day that --from names)')
      .option('--agent <name>', 'only runs of this agent'),
  ).action(async (options: WhatIfOptions) => {
    if (options.model === undefined && options.cache === undefined && options.batch !== true)
      throw usageError('say what to change: --model ID, --cache off|5m|1h or --batch');
    const report = await withSource(options, io, (source) =>
      source.whatIf({
        from: options.from,
        to: options.to,
        agent: options.agent,
        model: options.model,
        cache: options.cache,
        batch: options.batch === true ? 'true' : undefined,
      }),
    );
    writeAnswer(report, options, io, (safe) => renderWhatIf(safe, io.stdout));
  });
}

/** The id of a model that has a price. */
function parseModel(text: string): string {
  const why = whyWithoutPrice(text);
  if (why !== undefined) throw new InvalidArgumentError(why);
  return text;
}

/** Cost as it was and as it would be, and the tokens that move between the buckets. */
export function renderWhatIf(report: WhatIfReport, output: CliOutput): string {
  if (report.calls === 0) return 'No priced calls in that time. Look further back with --from.\n';
  const { cost_nano_usd: cost, difference_nano_usd: difference } = report;
  const share = cost === 0 ? null : difference / cost;
  const sign = difference < 0 ? '' : '+';
  const lines = [
    `${formatCountOf(report.calls, 'call')} cost ${formatCost(cost)}; ${report.calls === 1 ? 'it' : 'they'} would have cost ${formatCost(report.what_if_nano_usd)} (${sign}${formatCost(difference)}, ${sign}${formatPercent(share)})`,
  ];
  if (report.changed_calls === 0) lines.push('No call changes: the setting is in force already.');
  if (report.unpriced_calls > 0)
    lines.push(
      `${formatCountOf(report.unpriced_calls, 'call')} without a price after the change, counted with what was paid.`,
    );
  if (report.change.model !== undefined)
    lines.push('Tokens are taken as counted: another model may count the same text differently.');
  const rows = Object.keys(report.tokens).map((key) => ({
    bucket: key.slice('tokens_'.length).replaceAll('_', ' '),
    before: report.tokens[key as keyof typeof report.tokens],
    after: report.what_if_tokens[key as keyof typeof report.tokens],
  }));
  const table = renderTable(
    rows,
    [
      { title: 'TOKENS', value: (row) => row.bucket },
      { title: 'RECORDED', align: 'right', value: (row) => formatTokens(row.before) },
      { title: 'WHAT IF', align: 'right', value: (row) => formatTokens(row.after) },
    ],
    output,
  );
  return `${lines.join('\n')}\n${table}`;
}
