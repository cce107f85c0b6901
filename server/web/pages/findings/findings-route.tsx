// The addresses of findings: their page and their API.

import type { FastifyInstance } from 'fastify';
import { readFindings, type FindingsReport } from '../../../queries/findings/read-findings.ts';
import { answerPage } from '../../answer-page.tsx';
import { FINDINGS_ROUTE } from '../../openapi/routes.ts';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { FindingsPage } from './findings-page.tsx';

const KEPT_MS = 60_000;

export function registerFindingsRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  // A large reading: who asks again while nothing changed has the same answer.
  let kept: { version: number; atMs: number; report: Promise<FindingsReport> } | undefined;
  const read = (now: number): Promise<FindingsReport> => {
    const { version } = context.store;
    if (kept === undefined || kept.version !== version || now - kept.atMs > KEPT_MS) {
      const report = readFindings(database, now);
      kept = { version, atMs: now, report };
      report.catch(() => (kept = undefined));
    }
    return kept.report;
  };
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
