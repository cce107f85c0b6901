// The addresses of findings: their page and their API.

import type { FastifyInstance } from 'fastify';
import { keepFindingsReports } from '../../../queries/findings/kept-findings.ts';
import { readFindings } from '../../../queries/findings/read-findings.ts';
import { answerPage } from '../../answer-page.tsx';
import { FINDINGS_ROUTE } from '../../openapi/routes.ts';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { FindingsPage } from './findings-page.tsx';

export function registerFindingsRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  const read = keepFindingsReports(
    (now) => readFindings(database, now),
    () => context.store.version,
    () => context.latestFindings?.(),
  );
  app.get('/api/findings', { schema: FINDINGS_ROUTE }, () => read(Date.now()));
  app.get('/findings', async (request, reply) => {
    const now = pageNow(context.store);
    const report = await read(now);
    return answerPage(
      context,
      request,
      reply,
    )(<FindingsPage view={{ report, timezone, now }} />, {
      title: 'Findings',
    });
  });
}
