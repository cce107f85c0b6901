// The address of the bill.

import type { FastifyInstance } from 'fastify';
import { readReconciliation } from '../../../queries/billing/read-reconciliation.ts';
import { parseReconciliation } from '../../../questions/billing-params.ts';
import type { QueryText } from '../../../questions/query-params.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { ReconcilePage } from './reconcile-page.tsx';

const DEFAULT_SINCE = '30d';

export function registerReconcileRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone, serviceOfKey, hasAdminKey = false } = context;
  app.get<{ Querystring: QueryText }>('/reconcile', async (request, reply) => {
    const now = pageNow(context.store);
    const question = parseReconciliation({ since: DEFAULT_SINCE, ...request.query }, now);
    const report = await readReconciliation(database, { ...question, serviceOfKey });
    return answerPage(
      context,
      request,
      reply,
    )(<ReconcilePage view={{ report, hasKey: hasAdminKey, timezone, now }} />, { title: 'Bill' });
  });
}
