// The bill: what Anthropic billed beside what was observed, and why they differ.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatPercent } from '../../../../core/text/format.ts';
import type { BillingCause } from '../../../../core/billing/reconcile.ts';
import type {
  ReconciliationReport,
  ReconciliationSums,
} from '../../../queries/billing/read-reconciliation.ts';
import { Money, Moment } from '../../parts/cells.tsx';
import { moneyColumn, nameColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import type { Stretch } from '../../../questions/stretch.ts';

export interface ReconcileView {
  readonly report: ReconciliationReport;
  readonly hasKey: boolean;
  readonly stretch: Stretch;
  /** Of the server. */
  readonly zone: string;
  readonly now: number;
}

/** The time of the page without one in its address. */
export const BILL_TIME = '30d';

const DAYS_SHOWN = 31;

export const BILLING_CAUSE_TEXTS: Readonly<Record<BillingCause | 'not_billed', string>> = {
  day_not_observed: 'Days on which no billed call was observed',
  uncovered_key: 'API keys whose calls are not observed',
  claude_code: 'Claude Code: calls that its telemetry does not report',
  batch_not_observed: 'Batches whose results were not read by an observed program',
  not_by_call: 'Code execution and session time, which are billed beside calls',
  day_boundary: 'Counted on the day before or after',
  contract_rate: 'Contract rates: observed at the discounted price',
  rounding: 'Rounding',
  unpriced: 'Calls without a price in the table',
  unknown: 'Without a cause that the numbers show',
  not_billed: 'Observed and not billed',
};

export function ReconcilePage({ view }: { view: ReconcileView }): VNode {
  const { report, hasKey, stretch, now } = view;
  if (report.fetched_at === null) return <NoBill hasKey={hasKey} />;
  const { total } = report;
  const lastDay = new Date(Date.parse(report.window.to) - 1).toISOString().slice(0, 10);
  return (
    <>
      <div class="head">
        <h1>Bill</h1>
        <span class="hint">
          {report.window.from.slice(0, 10)} to {lastDay}, whole days in UTC; fetched{' '}
          <Moment at={report.fetched_at} timezone={stretch.timezone} now={now} />
        </span>
        <span class="grow" />
        <TimePicker stretch={stretch} path="/reconcile" fallback={BILL_TIME} zone={view.zone} />
      </div>
      <Panel label="Totals">
        <dl class="facts">
          <Fact name="Billed at list price" value={formatCost(total.billed_list_nano_usd)} />
          <Fact name="After discounts" value={formatCost(total.billed_amount_nano_usd)} />
          <Fact name="Observed" value={formatCost(total.observed_nano_usd)} />
          <Fact name="Difference" value={signed(total.difference_nano_usd)} />
          <Fact name="Coverage" value={shareText(total.coverage)} />
          <Fact name="Price drift" value={shareText(total.drift)} />
        </dl>
      </Panel>
      {report.causes.length > 0 && (
        <Panel id="causes" title="Why they differ">
          <DataTable
            id="causes"
            name="why they differ"
            rows={report.causes}
            keyOf={({ cause }) => cause}
            columns={CAUSE_COLUMNS}
          />
        </Panel>
      )}
      <Panel id="keys" title="By API key" sub="One key for each service shows which one is not observed">
        <Sums label="keys" head="Key" rows={report.by_key.map((row) => [row.api_key_id ?? 'No key', row])} />
      </Panel>
      <Panel id="models" title="By model">
        <Sums
          label="models"
          head="Model"
          rows={report.by_model.map((row) => [row.model ?? 'No model', row])}
        />
      </Panel>
      <Panel id="days" title="By day" sub="Days in UTC, as Anthropic counts them">
        <Sums label="days" head="Day" rows={report.by_day.slice(-DAYS_SHOWN).map((row) => [row.day, row])} />
      </Panel>
      {report.unreported_days.length > 0 && (
        <p class="hint">Not in the bill yet, and in no number above: {report.unreported_days.join(', ')}.</p>
      )}
    </>
  );
}

const CAUSE_COLUMNS: readonly DataColumn<ReconciliationReport['causes'][number]>[] = [
  textColumn('cause', 'Cause', ({ cause }) => BILLING_CAUSE_TEXTS[cause]),
  moneyColumn('difference_usd', 'Difference', (cause) => cause.nano_usd, {
    cell: (cause) => signed(cause.nano_usd),
  }),
];

type SumsRow = readonly [string, ReconciliationSums];

const SUMS_COLUMNS: readonly DataColumn<SumsRow>[] = [
  moneyColumn('billed_usd', 'Billed', ([, sums]) => sums.billed_list_nano_usd),
  moneyColumn('observed_usd', 'Observed', ([, sums]) => sums.observed_nano_usd),
  moneyColumn('difference_usd', 'Difference', ([, sums]) => sums.difference_nano_usd, {
    cell: ([, sums]) => signed(sums.difference_nano_usd),
  }),
  moneyColumn('not_observed_usd', 'Not observed', ([, sums]) => sums.missing_nano_usd, {
    cell: ([, sums]) => (sums.missing_nano_usd === 0 ? '' : <Money of={sums.missing_nano_usd} />),
  }),
  moneyColumn('price_difference_usd', 'Price difference', ([, sums]) => sums.price_difference_nano_usd, {
    cell: ([, sums]) => (sums.price_difference_nano_usd === 0 ? '' : signed(sums.price_difference_nano_usd)),
  }),
  {
    id: 'coverage',
    title: 'Coverage',
    isNumber: true,
    value: ([, sums]) => sums.coverage,
    cell: ([, sums]) => shareText(sums.coverage),
  },
];

function Fact({ name, value }: { name: string; value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Sums({ label, head, rows }: { label: string; head: string; rows: readonly SumsRow[] }): VNode {
  return (
    <DataTable
      id={label}
      name={`the bill by ${head.toLowerCase()}`}
      rows={rows}
      keyOf={([name]) => name}
      columns={[nameColumn<SumsRow>(label.replace(/s$/, ''), head, ([name]) => name), ...SUMS_COLUMNS]}
    />
  );
}

function NoBill({ hasKey }: { hasKey: boolean }): VNode {
  return (
    <div class="hello">
      <h1>Bill</h1>
      <p>
        {hasKey
          ? 'The bill is fetched within a minute of the start and once a day. If nothing comes, the log of the server has the reason.'
          : 'Compare what Anthropic billed with what was observed: start the server with ANTHROPIC_ADMIN_KEY set to an Admin API key (or one with the scope read:analytics), or run “tallyspan reconcile” with it. The key is read from the environment only.'}
      </p>
      <p>Give each service an API key of its own: the bill then shows which service is not observed.</p>
    </div>
  );
}

function signed(nanoUsd: number): string {
  return nanoUsd > 0 ? `+${formatCost(nanoUsd)}` : formatCost(nanoUsd);
}

/** Two decimals: a tenth of a percent of a bill is money. */
function shareText(share: number | null): string {
  if (share === null) return NO_DATA;
  return share === 0 || share === 1 ? formatPercent(share) : `${(share * 100).toFixed(2)} %`;
}
