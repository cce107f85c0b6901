// What Anthropic billed, by day, model, kind, tier, speed, region and API key: from the analytics reports of the Admin API
// where the key may read them, else from the usage and cost reports.

import { cellKeyOf, type BilledRow } from '../../core/billing/billed-row.ts';
import { ServerError } from '../process/server-error.ts';
import { AdminAnswerError, AdminClient, type AdminApiOptions } from './admin-client.ts';
import { fetchAnalyticsBill } from './analytics-reports.ts';
import { fetchClassicBill } from './classic-reports.ts';
import { ReportChangedError, type ReportRange } from './report-rows.ts';

export interface AdminBill {
  readonly rows: readonly BilledRow[];
  /** What is known less well than it could be, for people. */
  readonly note: string | undefined;
}

/** Answers after which the older reports are asked: not for this key, this organisation, or not there. */
const NOT_ALLOWED: ReadonlySet<number> = new Set([400, 403, 404]);
const READINGS = 3;
const LESS_KNOWN =
  'the analytics reports of the Admin API are not open to this key, so the usage and cost reports were used: what a key cost is shared out by its tokens, and no list price beside a contract price is known.';

/** The bill of whole days, from the first to before the last; at most 31 of them. @throws ServerError */
export async function fetchBill(options: AdminApiOptions, range: ReportRange): Promise<AdminBill> {
  try {
    return await fetchUnchanged(new AdminClient(options), range);
  } catch (error) {
    // What is read is of others: a row without what every row has.
    if (error instanceof TypeError)
      throw new ServerError('the Admin API reports rows that are none: nothing was taken.');
    throw error;
  }
}

/** Of reports that do not change while they are read; what is outside the days is asked for by itself. */
async function fetchUnchanged(client: AdminClient, range: ReportRange): Promise<AdminBill> {
  for (let reading = 1; ; reading++)
    try {
      const bill = await fetchFrom(client, range);
      return { ...bill, rows: united(bill.rows.filter(({ day }) => day >= range.from && day < range.to)) };
    } catch (error) {
      if (!(error instanceof ReportChangedError) || reading >= READINGS) throw error;
    }
}

async function fetchFrom(client: AdminClient, range: ReportRange): Promise<AdminBill> {
  try {
    return { rows: await fetchAnalyticsBill(client, range), note: undefined };
  } catch (error) {
    if (!(error instanceof AdminAnswerError) || !NOT_ALLOWED.has(error.status)) throw error;
    try {
      return {
        rows: await fetchClassicBill(client, range),
        note: LESS_KNOWN,
      };
    } catch (classic) {
      // Neither may be read: what the first said is what has to be mended.
      throw classic instanceof AdminAnswerError ? error : classic;
    }
  }
}

/** Rows that differ only in what is charged alike are one. */
function united(rows: readonly BilledRow[]): readonly BilledRow[] {
  const byKey = new Map<string, BilledRow>();
  for (const row of rows) {
    const key = `${cellKeyOf(row)}|${row.apiKeyId}`;
    const other = byKey.get(key);
    byKey.set(
      key,
      other === undefined
        ? row
        : {
            ...row,
            // Of usage without an API key, which may come from several workspaces.
            workspaceId: row.workspaceId === other.workspaceId ? row.workspaceId : '',
            product: row.product === other.product ? row.product : '',
            listNanoUsd: row.listNanoUsd + other.listNanoUsd,
            amountNanoUsd: row.amountNanoUsd + other.amountNanoUsd,
            quantity:
              row.quantity === undefined || other.quantity === undefined
                ? undefined
                : row.quantity + other.quantity,
          },
    );
  }
  return [...byKey.values()];
}
