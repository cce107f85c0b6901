// The address of the bill.

import type { FastifyInstance } from 'fastify';
import { readReconciliation } from '../../../queries/billing/read-reconciliation.ts';
import { parseReconciliation } from '../../../questions/billing-params.ts';
import type { QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { BILL_TIME, ReconcilePage } from './reconcile-page.tsx';

export function registerReconcileRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone, serviceOfKey, hasAdminKey = false } = context;
  app.get<{ Querystring: QueryText }>('/reconcile', async (request, reply) => {
    const now = pageNow(context.store);
    const stretch = parseStretch(request.query, { now, timezone, time: BILL_TIME });
    const [since, until] = [stretch.from, stretch.to].map((atMs) => new Date(atMs).toISOString());
    const question = parseReconciliation({ since, until }, now);
    const report = await readReconciliation(database, { ...question, serviceOfKey });
    return answerPage(
      context,
      request,
      reply,
    )(<ReconcilePage view={{ report, hasKey: hasAdminKey, stretch, zone: timezone, now }} />, {
      title: 'Bill',
      stretch,
    });
  });
}
