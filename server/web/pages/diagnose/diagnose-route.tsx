// The address of the page that asks why cost changed.

import type { FastifyInstance } from 'fastify';
import { parseDiagnosisQuestion } from '../../../questions/diagnosis-params.ts';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { compareText } from '../../../../core/text/text-order.ts';
import { readGroups } from '../../../queries/signals/signal-numbers.ts';
import { durationMsOf } from '../../../../core/time/duration.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { DIAGNOSIS_TIME, DiagnosePage } from './diagnose-page.tsx';

export function registerDiagnosisRoutes(app: FastifyInstance, context: WebContext): void {
  const { timezone } = context;
  app.get<{ Querystring: QueryText }>('/diagnose', async (request, reply) => {
    const now = pageNow(context.store);
    const { query } = request;
    const stretch = parseStretch(timesOf(query), { now, timezone, time: DIAGNOSIS_TIME });
    const asked = {
      ...query,
      time: undefined,
      zone: undefined,
      from: new Date(stretch.from).toISOString(),
      to: new Date(stretch.to).toISOString(),
    };
    const question = parseDiagnosisQuestion(asked, now, stretch.timezone);
    const { from, to } = stretch;
    const window = { from, to, timezone: stretch.timezone, now, by: 'agent' } as const;
    const [report, runs] = await Promise.all([
      context.readReport(query, question),
      readGroups(context.database, 'run_count', window),
    ]);
    const agents = [...runs.keys()].filter((name) => name !== null).toSorted(compareText);
    const params = Object.fromEntries(Object.keys(query).map((key) => [key, textParam(query, key)]));
    const view = { report, agents, params, stretch, timezone: stretch.timezone, zone: timezone, now };
    return answerPage(
      context,
      request,
      reply,
    )(<DiagnosePage view={view} />, {
      title: 'Why did cost change?',
      stretch,
    });
  });
}

/** Addresses of earlier versions had a length of time or a named day as `from`, and nothing as `to`. */
function timesOf(query: QueryText): QueryText {
  const from = textParam(query, 'from');
  const isNamed = from === 'today' || from === 'yesterday' || durationMsOf(from ?? '') !== undefined;
  if (!isNamed || textParam(query, 'to') !== undefined || textParam(query, 'time') !== undefined)
    return query;
  return { ...query, from: undefined, time: from };
}
