// The address of the page that asks why cost changed.

import type { FastifyInstance } from 'fastify';
import { parseDiagnosisQuestion } from '../../../questions/diagnosis-params.ts';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { DiagnosePage } from './diagnose-page.tsx';

export function registerDiagnosis(app: FastifyInstance, context: WebContext): void {
  const { timezone } = context;
  app.get<{ Querystring: QueryText }>('/diagnose', async (request, reply) => {
    const now = pageNow(context.store);
    const { query } = request;
    const report = await context.readReport(query, parseDiagnosisQuestion(query, now, timezone));
    const params = Object.fromEntries(Object.keys(query).map((key) => [key, textParam(query, key)]));
    return answerPage(
      context,
      request,
      reply,
    )(<DiagnosePage view={{ report, params, timezone, now }} />, {
      title: 'Why did cost change?',
    });
  });
}
