// `tallyspan prices check`: how old the price table is, which ids it lacks, where other lists disagree.

import type { Command } from 'commander';
import { formatCount, formatCountOf } from '../../../core/text/format.ts';
import { resolveModelId } from '../../../core/pricing/model-id.ts';
import { PRICE_TABLE_VERSION, PRICED_MODELS, UNPRICED_MODELS } from '../../../core/prices/table.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { loadGenaiPrices } from '../../prices/other-prices.ts';
import { comparePrices, type PriceDifference } from '../../prices/price-comparison.ts';
import { readSdkModels } from '../../prices/sdk-models.ts';
import { renderTable } from '../../terminal/table.ts';

const DAY_MS = 86_400_000;
/** Prices changed about twice a month in autumn 2026. */
const OLD_TABLE_DAYS = 30;

export interface PricesReport {
  readonly table: string;
  readonly age_days: number;
  readonly models: number;
  readonly rows: number;
  readonly unpriced: readonly { readonly id: string; readonly reason: string }[];
  /** Version of the installed Anthropic SDK; null when there is none. */
  readonly sdk: string | null;
  /** Ids that the SDK knows and the table does not. */
  readonly unknown_ids: readonly string[];
  readonly comparisons: readonly {
    readonly source: string;
    readonly differences: readonly PriceDifference[];
  }[];
}

export function registerPrices(program: Command, io: CliIo): void {
  const prices = program.command('prices').description('the price table');
  prices
    .command('check')
    .description('age of the table, ids it lacks, and where other price lists disagree')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: true }) => {
      const report = await reportPrices(io.now());
      writeAnswer(report, options, io, (safe) => describeReport(safe, io));
      requireJudged(report);
    });
}

/** Throws when the report holds an unknown id or a difference that nobody has judged. */
export function requireJudged(report: Pick<PricesReport, 'comparisons' | 'unknown_ids'>): void {
  const unjudged = report.comparisons.flatMap(({ differences }) =>
    differences.filter((difference) => difference.reason === null),
  );
  if (unjudged.length === 0 && report.unknown_ids.length === 0) return;
  throw new CliError(
    `the price table needs a look: ${formatCountOf(unjudged.length, 'new difference')}, ` +
      `${formatCountOf(report.unknown_ids.length, 'unknown id')}. Correct core/prices or record the reason.`,
  );
}

/** Everything that can be checked here. `nowMs` is Unix ms. */
export async function reportPrices(nowMs: number): Promise<PricesReport> {
  const sdk = await readSdkModels(import.meta.url);
  const genaiPrices = await loadGenaiPrices();
  const others = genaiPrices ? [genaiPrices] : [];
  const madeMs = Date.parse(PRICE_TABLE_VERSION.slice(0, 'YYYY-MM-DD'.length));
  return {
    table: PRICE_TABLE_VERSION,
    age_days: Math.max(0, Math.floor((nowMs - madeMs) / DAY_MS)),
    models: PRICED_MODELS.length,
    rows: PRICED_MODELS.reduce((sum, model) => sum + model.rows.length, 0),
    unpriced: Object.entries(UNPRICED_MODELS).map(([id, reason]) => ({ id, reason })),
    sdk: sdk?.version ?? null,
    unknown_ids: (sdk?.ids ?? []).filter((id) => 'reason' in resolveModelId(id)),
    comparisons: others.map((other) => ({ source: other.name, differences: comparePrices(other) })),
  };
}

function describeReport(report: PricesReport, io: CliIo): string {
  const age = `${formatCountOf(report.age_days, 'day')} old${report.age_days > OLD_TABLE_DAYS ? ': upgrade tallyspan' : ''}`;
  const lines = [
    `price table ${report.table}, ${age}: ${report.models} models, ${report.rows} rows`,
    ...report.unpriced.map(({ id, reason }) => `unpriced: ${id}. ${reason}`),
    report.sdk === null
      ? 'Anthropic SDK: not installed here, its models were not checked'
      : `Anthropic SDK ${report.sdk}: ${report.unknown_ids.length === 0 ? 'every model is in the table' : `unknown ${report.unknown_ids.join(', ')}`}`,
  ];
  if (report.comparisons.length === 0) lines.push('other price lists: none installed, nothing was compared');
  for (const { source, differences } of report.comparisons) {
    const unjudged = differences.filter((difference) => difference.reason === null).length;
    lines.push(`${source}: ${formatCountOf(differences.length, 'difference')}, ${formatCount(unjudged)} new`);
    if (differences.length > 0) lines.push(renderDifferences(differences, io).trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

function renderDifferences(differences: readonly PriceDifference[], io: CliIo): string {
  return renderTable(
    differences,
    [
      { title: 'MODEL', value: ({ id }) => id },
      { title: 'FROM', value: (difference) => difference.valid_from },
      {
        title: 'PROMPT',
        value: (difference) => (difference.prompt_over === null ? 'any' : `>${difference.prompt_over}`),
      },
      { title: 'RATE', value: ({ rate }) => rate },
      { title: 'OURS', align: 'right', value: (difference) => String(difference.ours_usd_per_mtok) },
      { title: 'THEIRS', align: 'right', value: (difference) => showPrice(difference.theirs_usd_per_mtok) },
      { title: 'OUR SOURCE', value: (difference) => difference.our_source },
      { title: 'THEIR SOURCE', value: (difference) => difference.their_source },
      { title: 'WHY', shrinks: true, wraps: true, value: ({ reason }) => reason ?? 'NEW' },
    ],
    io.stdout,
  );
}

function showPrice(price: number | null): string {
  return price === null ? 'none' : String(Number(price.toPrecision(12)));
}
