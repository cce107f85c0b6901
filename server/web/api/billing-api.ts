// The API of the bill: the reconciliation, and what a command needs to make one.

import type { FastifyInstance } from 'fastify';
import { formatServiceKeys } from '../../../core/billing/service-keys.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { readBill, readLedger } from '../../queries/billing/read-billing.ts';
import { readReconciliation } from '../../queries/billing/read-reconciliation.ts';
import type { QueryText } from '../../questions/query-params.ts';
import { parseReconciliation } from '../../questions/billing-params.ts';
import { BILLING_ROUTE, RECONCILIATION_ROUTE } from '../openapi/routes.ts';
import type { WebContext } from '../web-context.ts';

export function registerBillingApi(app: FastifyInstance, context: WebContext): void {
  const { database, serviceOfKey } = context;

  app.get<{ Querystring: QueryText }>('/api/reconcile', { schema: RECONCILIATION_ROUTE }, async (request) =>
    readReconciliation(database, { serviceOfKey, ...parseReconciliation(request.query, Date.now()) }),
  );

  app.get<{ Querystring: QueryText }>('/api/billing', { schema: BILLING_ROUTE }, async (request) => {
    const { since, until } = parseReconciliation(request.query, Date.now());
    const days = { fromDay: Math.floor(since / DAY_MS), toDay: Math.floor(until / DAY_MS) + 1 };
    const { rows, fetchedAtMsByDay } = await readBill(database, days);
    const ledger = await readLedger(database, days);
    return {
      ...days,
      ledger,
      bill: rows,
      fetchedAtMsByDay,
      keys: formatServiceKeys(serviceOfKey),
    };
  });
}
