// Query parameters of the reconciliation with the bill.

import { parseServiceKeys } from '../../core/billing/service-keys.ts';
import { DAY_MS } from '../../core/time/time.ts';
import type { ReconciliationQuestion } from '../queries/billing/read-reconciliation.ts';
import { instantParam, textParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';

const DEFAULT_DAYS = 7;
const LONGEST_DAYS = 365;

/** @throws RequestError */
export function parseReconciliation(query: QueryText, nowMs: number): ReconciliationQuestion {
  const since = instantParam(query, 'since', nowMs) ?? nowMs - DEFAULT_DAYS * DAY_MS;
  const until = Math.min(instantParam(query, 'until', nowMs) ?? nowMs, nowMs);
  if (until < since) throw new RequestError(400, 'the time ends before it begins: see since and until');
  if (until - since > LONGEST_DAYS * DAY_MS)
    throw new RequestError(400, `the time is at most ${LONGEST_DAYS} days long: the Admin API has no more`);
  const keys = parseServiceKeys(textParam(query, 'keys') ?? '');
  if ('problem' in keys) throw new RequestError(400, `keys ${keys.problem}`);
  return { since, until, ...(keys.size > 0 && { serviceOfKey: keys }) };
}
