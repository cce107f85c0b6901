// The pages and their addresses.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ComponentChildren, VNode } from 'preact';
import { DAY_MS } from '../../core/time.ts';
import { listRuns } from '../queries/list-runs.ts';
import { readDiagnosis } from '../queries/read-diagnosis.ts';
import { AmbiguousRunError, readRun } from '../queries/read-run.ts';
import { parseDiagnosisQuestion } from './diagnosis-params.ts';
import { renderPage, type Frame } from './layout.tsx';
import { DiagnosePage } from './pages/diagnose-page.tsx';
import { readOverview } from './pages/overview-data.ts';
import { OverviewPage } from './pages/overview-page.tsx';
import { RunPage } from './pages/run-page.tsx';
import { RunsPage } from './pages/runs-page.tsx';
import { parseDurationMs, parseRunFilter, textParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';
import type { WebContext } from './web-server.ts';

const OVERVIEW_SECONDS = 30;
const EMPTY_SECONDS = 5;
const RUNS_SECONDS = 30;
const RUNNING_SECONDS = 5;
const RUNS_PER_PAGE = 50;
const DEFAULT_WINDOW = '24h';

type Answer = (content: ComponentChildren, frame: Partial<Frame> & Pick<Frame, 'title'>) => FastifyReply;

export function registerPages(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;

  /** Answers with a page; htmx asks for its main part only. */
  function answerTo(request: FastifyRequest, reply: FastifyReply): Answer {
    return (content, frame) => {
      const path = request.url.split('?')[0] ?? '/';
      const whole: Frame = { path, timezone, firing: context.readAlerts()?.firing, ...frame };
      const isFragment = request.headers['hx-request'] === 'true';
      return reply
        .type('text/html; charset=utf-8')
        .header('vary', 'hx-request')
        .send(renderPage(whole, content, isFragment));
    };
  }

  app.get<{ Querystring: QueryText }>('/', async (request, reply) => {
    const now = Date.now();
    const windowText = textParam(request.query, 'window') ?? DEFAULT_WINDOW;
    const windowMs = parseDurationMs(windowText);
    if (windowMs === undefined || windowMs > 400 * DAY_MS)
      throw new RequestError(400, `window is a time such as 24h or 7d, not ${windowText}`);
    const question = { now, timezone, windowMs, agent: textParam(request.query, 'agent') };
    const data = await readOverview(database, question);
    const view = { data, question, windowText, grpcAddress: context.grpcAddress() };
    return answerTo(request, reply)(<OverviewPage view={view} />, {
      title: 'Overview',
      refresh: { url: request.url, seconds: data.hasData ? OVERVIEW_SECONDS : EMPTY_SECONDS },
    });
  });

  app.get<{ Querystring: QueryText }>('/runs', async (request, reply) => {
    const now = Date.now();
    const isFailed = textParam(request.query, 'status') === 'failed';
    const query = isFailed ? { ...request.query, status: '', failed: 'true' } : request.query;
    const filter = parseRunFilter(query, now);
    const found = await listRuns(database, { ...filter, limit: RUNS_PER_PAGE + 1 });
    const params = Object.fromEntries(Object.keys(query).map((key) => [key, textParam(query, key)]));
    const view = {
      runs: found.slice(0, RUNS_PER_PAGE),
      hasMore: found.length > RUNS_PER_PAGE,
      offset: filter.offset ?? 0,
      limit: RUNS_PER_PAGE,
      params: { ...params, offset: undefined },
      timezone,
      now,
    };
    return answerTo(request, reply)(<RunsPage view={view} />, {
      title: 'Runs',
      refresh: { url: request.url, seconds: RUNS_SECONDS },
    });
  });

  app.get<{ Querystring: QueryText }>('/diagnose', async (request, reply) => {
    const now = Date.now();
    const { query } = request;
    const report = await readDiagnosis(database, parseDiagnosisQuestion(query, now, timezone));
    const params = Object.fromEntries(Object.keys(query).map((key) => [key, textParam(query, key)]));
    return answerTo(request, reply)(<DiagnosePage view={{ report, params, timezone, now }} />, {
      title: 'Why it got dearer',
    });
  });

  app.get<{ Params: { id: string } }>('/runs/:id', async (request, reply) => {
    const run = await readRun(database, request.params.id).catch((error: unknown) => {
      throw error instanceof AmbiguousRunError ? new RequestError(409, error.message) : error;
    });
    if (run === undefined)
      throw new RequestError(
        404,
        `There is no run ${request.params.id}: it was never stored, or was deleted by age.`,
      );
    return answerTo(request, reply)(<RunPage view={{ run, timezone, now: Date.now() }} />, {
      title: `Run ${run['agent.run_id'].slice(0, 8)}`,
      refresh: run['agent.status'] === 'running' ? { url: request.url, seconds: RUNNING_SECONDS } : undefined,
    });
  });
}

/** The page of a fault. */
export function renderFault(context: WebContext, statusCode: number, message: string): string {
  const frame = {
    title: 'Not found',
    path: '',
    timezone: context.timezone,
    firing: context.readAlerts()?.firing,
  };
  return renderPage(frame, <Fault statusCode={statusCode} message={message} />, false);
}

function Fault({ statusCode, message }: { statusCode: number; message: string }): VNode {
  return (
    <div class="hello fault">
      <h1>
        {statusCode === 404 ? 'Nothing here' : statusCode >= 500 ? 'The server failed' : 'That did not work'}
      </h1>
      <p>{message}</p>
      <p>
        <a href="/">To the overview</a> · <a href="/runs">to all runs</a>
      </p>
    </div>
  );
}
