// The addresses of findings: their page and their API.

import type { FastifyInstance } from 'fastify';
import { readFindings } from '../../../queries/findings/read-findings.ts';
import { answerPage } from '../../answer-page.tsx';
import { FINDINGS_ROUTE } from '../../openapi/routes.ts';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { FindingsPage } from './findings-page.tsx';

export function registerFindings(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get('/api/findings', { schema: FINDINGS_ROUTE }, async () => readFindings(database, Date.now()));
  app.get('/findings', async (request, reply) => {
    const now = pageNow(context.store);
    const report = await readFindings(database, now);
    return answerPage(
      context,
      request,
      reply,
    )(<FindingsPage view={{ report, timezone, now }} />, {
      title: 'Findings',
    });
  });
}
