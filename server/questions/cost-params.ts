// Query parameters of a report of spend.

import { DAY_MS } from '../../core/time/time.ts';
import { COST_WAYS, type CostBy, type CostRequest } from '../queries/signals/read-cost.ts';
import { textParam, whereParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';
import { parseSpan, zoneParam } from './stretch.ts';

/** What a report of spend can be narrowed to. */
export const COST_NARROWINGS = ['user', 'agent', 'version', 'model', 'task', 'project', 'session'] as const;

const DEFAULT_DAYS = 7;

/** @throws RequestError */
export function parseCostRequest(query: QueryText, nowMs: number, timezone: string): CostRequest {
  const by = textParam(query, 'by') ?? 'day';
  if (!COST_WAYS.includes(by as CostBy))
    throw new RequestError(400, `by is ${COST_WAYS.join(', ')}, not ${by}`);
  const { since = nowMs - DEFAULT_DAYS * DAY_MS, until = nowMs } = parseSpan(query, {
    now: nowMs,
    timezone,
    time: `${String(DEFAULT_DAYS)}d`,
  });
  if (since > until)
    throw new RequestError(400, 'the time ends before it begins: see from and to, or since and until');
  return {
    by: by as CostBy,
    since,
    until,
    timezone: zoneParam(query, timezone),
    where: whereParam(query, COST_NARROWINGS),
  };
}
