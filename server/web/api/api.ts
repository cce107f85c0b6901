// The API: the query functions over HTTP, answers as JSON.

import { dirname } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readCost } from '../../queries/signals/read-cost.ts';
import { listRunPage, sumRuns, sumsAnswer } from '../../queries/runs/list-runs.ts';
import type { RunFilter } from '../../queries/runs/run-filter.ts';
import { cursorText, type RunCursor } from '../../queries/runs/run-order.ts';
import { adviceFor } from '../../intake/not-understood.ts';
import { readFuture, readMeta } from '../../queries/read-meta.ts';
import { leaveStatus } from '../../queries/usage/leave-status.ts';
import { readStatusLineNumbers, readUsageReport } from '../../queries/usage/read-usage.ts';
import { readWhatIf } from '../../queries/diagnosis/read-what-if.ts';
import { readRecording } from '../../queries/runs/read-recording.ts';
import { answerSignal } from '../../queries/list-value.ts';
import { CLAUDE_PLAN_HEADER } from '../../questions/claude-plan.ts';
import { readRun } from '../../queries/runs/read-run.ts';
import { parseDiagnosisQuestion, parseWhatIfQuestion } from '../../questions/diagnosis-params.ts';
import { parseCostRequest } from '../../questions/cost-params.ts';
import { parseSignalRequest, type QueryText } from '../../questions/query-params.ts';
import { parseRunsQuestion } from '../../questions/run-filter-params.ts';
import { parseUsageRequest } from '../../questions/usage-params.ts';
import {
  COST_ROUTE,
  DIAGNOSIS_ROUTE,
  META_ROUTE,
  RECORDING_ROUTE,
  RUN_ROUTE,
  RUN_SUMS_ROUTE,
  RUNS_ROUTE,
  SIGNAL_ROUTE,
  STATUS_LINE_ROUTE,
  USAGE_ROUTE,
  WHAT_IF_ROUTE,
} from '../openapi/routes.ts';
import { renderMetrics } from '../server-metrics.ts';
import { findOne } from './find-one.ts';
import type { WebContext } from '../web-context.ts';

export function registerApi(app: FastifyInstance, context: WebContext): void {
  const { database, store, intake } = context;
  /** Who asks may say whether Claude Code is used under a plan; else it is as the server was started. */
  const databaseFor = ({ headers }: FastifyRequest): typeof database => {
    const asked = headers[CLAUDE_PLAN_HEADER];
    return asked === undefined ? database : { ...database, isClaudeOnPlan: asked === 'yes' };
  };

  const runsQuestion = (query: QueryText): RunFilter =>
    parseRunsQuestion(query, Date.now(), context.timezone);

  app.get('/healthz', async (_request, reply) => {
    const fault = await store.findFault();
    if (fault !== undefined)
      return reply.code(503).send({
        status: 'failing',
        what: `nothing can be stored: ${fault.reason}. Senders are asked to try again.`,
        since: new Date(fault.sinceMs).toISOString(),
      });
    return { status: 'ok' };
  });

  app.get<{ Querystring: QueryText }>('/api/runs', { schema: RUNS_ROUTE }, async (request, reply) => {
    const page = await listRunPage(databaseFor(request), runsQuestion(request.query));
    void reply.headers(linksOf(request.url, { next: page.next, prev: page.previous }));
    return page.runs;
  });

  // The list may be longer than any answer; the sums are of all of it.
  app.get<{ Querystring: QueryText }>('/api/runs/sums', { schema: RUN_SUMS_ROUTE }, async (request) =>
    sumsAnswer(await sumRuns(databaseFor(request), runsQuestion(request.query))),
  );

  app.get<{ Params: { id: string } }>('/api/runs/:id', { schema: RUN_ROUTE }, (request) =>
    findOne(request.params.id, readRun(databaseFor(request), request.params.id)),
  );

  app.get<{ Params: { id: string } }>('/api/runs/:id/recording', { schema: RECORDING_ROUTE }, ({ params }) =>
    findOne(params.id, readRecording(database, params.id)),
  );

  app.get<{ Querystring: QueryText }>('/api/cost', { schema: COST_ROUTE }, async (request) =>
    readCost(databaseFor(request), parseCostRequest(request.query, Date.now(), context.timezone)),
  );

  app.get<{ Querystring: QueryText }>('/api/diagnosis', { schema: DIAGNOSIS_ROUTE }, async (request) =>
    context.readReport(request.query, parseDiagnosisQuestion(request.query, Date.now(), context.timezone)),
  );

  // The second is its address in the first version.
  for (const [address, stability] of [
    ['/api/what-if', 'stable'],
    ['/api/whatif', 'internal'],
  ] as const) {
    app.get<{ Querystring: QueryText }>(
      address,
      { schema: { ...WHAT_IF_ROUTE, stability } },
      async (request) =>
        readWhatIf(database, parseWhatIfQuestion(request.query, Date.now(), context.timezone)),
    );
  }

  app.get<{ Querystring: QueryText }>('/api/usage', { schema: USAGE_ROUTE }, async (request) =>
    readUsageReport(databaseFor(request), parseUsageRequest(request.query, Date.now(), context.timezone)),
  );

  app.get('/api/statusline', { schema: STATUS_LINE_ROUTE }, async () => {
    const numbers = await readStatusLineNumbers(database, Date.now(), context.timezone);
    // A status line does not wait long, and has these the next time.
    await leaveStatus(dirname(database.file), numbers).catch(() => undefined);
    return numbers;
  });

  app.get<{ Params: { id: string }; Querystring: QueryText }>(
    '/api/signals/:id',
    { schema: SIGNAL_ROUTE },
    async (request) => {
      const asked = parseSignalRequest(request.params.id, request.query, Date.now(), context.timezone);
      return answerSignal(databaseFor(request), asked.signal, asked.request);
    },
  );

  app.get('/metrics', (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4')
      .send(renderMetrics({ ...intake.counters, ...store.counters, ...context.forwarded })),
  );

  app.get('/api/meta', { schema: META_ROUTE }, async () => ({
    ...(await readMeta(database)),
    data_dir: dirname(database.file),
    timezone: context.timezone,
    otlp_grpc: context.grpcAddress() ?? null,
    otlp_http: context.httpAddress() ?? null,
    retention_ms: context.retentionMs ?? null,
    intake: intake.counters,
    store: store.counters,
    future_events: (await readFuture(database)).count,
    not_understood: intake.notUnderstood.rows().map(({ lastMs, ...row }) => ({
      ...row,
      last: new Date(lastMs).toISOString(),
      advice: adviceFor(row.kind),
    })),
  }));
}

/** A `Link` header (RFC 8288) with the addresses of the parts of the list beside this one. */
function linksOf(
  url: string,
  cursors: Readonly<Record<'next' | 'prev', RunCursor | undefined>>,
): Record<string, string> {
  const [path = '', query = ''] = url.split('?', 2);
  const links = Object.entries(cursors).flatMap(([rel, cursor]) => {
    if (cursor === undefined) return [];
    const params = new URLSearchParams(query);
    params.delete('offset');
    params.set('at', cursorText(cursor));
    return [`<${path}?${params.toString()}>; rel="${rel}"`];
  });
  return links.length === 0 ? {} : { link: links.join(', ') };
}
