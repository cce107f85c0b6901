// The pages and their addresses.

import { durationMsOf } from '../../core/duration.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { DAY_MS } from '../../core/time.ts';
import { listRuns } from '../queries/runs/list-runs.ts';
import { readSession } from '../queries/runs/read-session.ts';
import { readNumber } from '../queries/signals/signal-numbers.ts';
import { parseDiagnosisQuestion } from '../questions/diagnosis-params.ts';
import { readToolTax } from '../queries/diagnosis/read-unused-tools.ts';
import { answerPage, type PageAnswer } from './answer-page.tsx';
import { renderPage } from './layout.tsx';
import { registerCompare, registerRun } from './run-routes.tsx';
import { DiagnosePage } from './pages/diagnose/diagnose-page.tsx';
import { AlertsPage, TEST_PATH } from './pages/alerts/alerts-page.tsx';
import { pageNow } from './page-now.ts';
import { BREAKDOWNS, readBreakdown } from './pages/breakdown/breakdown-data.ts';
import { BreakdownPage } from './pages/breakdown/breakdown-page.tsx';
import { readOverview } from './pages/overview/overview-data.ts';
import { OverviewPage } from './pages/overview/overview-page.tsx';
import { RunsPage } from './pages/runs/runs-page.tsx';
import { SessionPage } from './pages/session/session-page.tsx';
import { localInstantText, offsetParam, textParam, type QueryText } from '../questions/query-params.ts';
import { parseRunsAddress } from './runs-address.ts';
import { RequestError } from '../questions/request-error.ts';
import { senderSettings } from './sender-settings.ts';
import { checkSameOrigin } from './same-origin.ts';
import { isForPeople, type WebContext } from './web-context.ts';

const ALERTS_PATH = '/alerts';
const OVERVIEW_SECONDS = 30;
const EMPTY_SECONDS = 5;
const RUNS_SECONDS = 30;
const RUNS_PER_PAGE = 50;
const OVERVIEW_WINDOW = '24h';
const BREAKDOWN_WINDOW = '7d';
const LONGEST_WINDOW_MS = 400 * DAY_MS;

export function registerPages(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;

  const answerTo = (request: FastifyRequest, reply: FastifyReply): PageAnswer =>
    answerPage(context, request, reply);

  app.get<{ Querystring: QueryText }>('/', async (request, reply) => {
    const now = pageNow(context.store);
    const { windowText, windowMs } = windowOf(request.query, OVERVIEW_WINDOW);
    const question = { now, timezone, windowMs, agent: textParam(request.query, 'agent') };
    const data = await readOverview(database, question);
    const { needsToken } = context.access;
    const sender = senderSettings(context.grpcAddress(), request.headers.host, needsToken);
    const view = { data, question, windowText, sender };
    return answerTo(request, reply)(<OverviewPage view={view} />, {
      title: 'Overview',
      refresh: { url: request.url, seconds: data.hasData ? OVERVIEW_SECONDS : EMPTY_SECONDS },
    });
  });

  app.get<{ Querystring: QueryText }>('/runs', async (request, reply) => {
    const now = pageNow(context.store);
    const { filter, params, isFiltered } = parseRunsAddress(request.query, now, timezone);
    const found = await listRuns(database, { ...filter, limit: RUNS_PER_PAGE + 1 });
    const isSpan = durationMsOf(params['since'] ?? '') !== undefined && params['from'] === undefined;
    const view = {
      runs: found.slice(0, RUNS_PER_PAGE),
      hasMore: found.length > RUNS_PER_PAGE,
      offset: filter.offset ?? 0,
      limit: RUNS_PER_PAGE,
      params: { ...params, offset: undefined },
      from: isSpan ? '' : localInstantText(filter.since, timezone),
      to: localInstantText(filter.until, timezone),
      isFiltered,
      timezone,
      now,
    };
    return answerTo(request, reply)(<RunsPage view={view} />, {
      title: 'Runs',
      refresh: { url: request.url, seconds: RUNS_SECONDS },
    });
  });

  app.get<{ Querystring: QueryText }>('/diagnose', async (request, reply) => {
    const now = pageNow(context.store);
    const { query } = request;
    const report = await context.readReport(query, parseDiagnosisQuestion(query, now, timezone));
    const params = Object.fromEntries(Object.keys(query).map((key) => [key, textParam(query, key)]));
    return answerTo(request, reply)(<DiagnosePage view={{ report, params, timezone, now }} />, {
      title: 'Why did cost change?',
    });
  });

  registerRun(app, context);

  for (const kind of BREAKDOWNS) {
    app.get<{ Querystring: QueryText }>(kind.path, async (request, reply) => {
      const now = pageNow(context.store);
      const { windowText, windowMs } = windowOf(request.query, BREAKDOWN_WINDOW);
      const [data, toolTax] = await Promise.all([
        readBreakdown(
          database,
          kind,
          { from: now - windowMs, to: now, now, timezone },
          offsetParam(request.query),
        ),
        kind.dimension === 'tool' ? readToolTax(database, now - windowMs, now) : undefined,
      ]);
      return answerTo(request, reply)(
        <BreakdownPage view={{ kind, data, windowText, timezone, now, toolTax }} />,
        {
          title: kind.title,
          refresh: { url: request.url, seconds: RUNS_SECONDS },
        },
      );
    });
  }

  app.get<{ Params: { id: string } }>('/sessions/:id', async (request, reply) => {
    const now = pageNow(context.store);
    const session = request.params.id;
    const turns = await readSession(database, session);
    if (turns.length === 0) throw new RequestError(404, `There is no session ${session}.`);
    const signalRequest = { from: 0, to: now, now, timezone, where: { session } };
    const [costNanoUsd = null, modelCalls = null, toolCalls = null] = await Promise.all(
      ['cost', 'model_calls', 'tool_calls'].map((id) => readNumber(database, id, signalRequest)),
    );
    const view = { session, turns, costNanoUsd, modelCalls, toolCalls, timezone, now };
    return answerTo(request, reply)(<SessionPage view={view} />, {
      title: `Session ${session}`,
      refresh: { url: request.url, seconds: RUNS_SECONDS },
    });
  });

  registerCompare(app, context);

  app.get(ALERTS_PATH, async (request, reply) =>
    answerTo(request, reply)(
      <AlertsPage view={{ overview: context.readAlerts(), timezone, now: pageNow(context.store) }} />,
      { title: 'Alerts', refresh: { url: ALERTS_PATH, seconds: RUNS_SECONDS } },
    ),
  );
  // Who was sent to the form of the token in between comes back by this address.
  app.get(TEST_PATH, (_request, reply) => reply.redirect(ALERTS_PATH, 303));
  app.post(TEST_PATH, async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    const channel = request.body instanceof URLSearchParams ? (request.body.get('channel') ?? '') : '';
    const test = await context.testChannel(channel);
    if (test === undefined) throw new RequestError(503, 'alerting has not started yet');
    if (!isForPeople(request)) return reply.send(test);
    if (test.target === '') throw new RequestError(404, `${channel}: ${test.reason}`);
    // The page has the outcome from the server: one that stood in the address could be written by anybody.
    return reply.redirect(ALERTS_PATH, 303);
  });
}

/** The window of a page, as written and in milliseconds. @throws RequestError */
function windowOf(query: QueryText, fallback: string): { windowText: string; windowMs: number } {
  const windowText = textParam(query, 'window') ?? fallback;
  const windowMs = durationMsOf(windowText);
  if (windowMs === undefined)
    throw new RequestError(400, `window is a time such as 24h or 7d, not ${windowText}`);
  if (windowMs > LONGEST_WINDOW_MS)
    throw new RequestError(400, `window is at most ${LONGEST_WINDOW_MS / DAY_MS}d, not ${windowText}`);
  return { windowText, windowMs };
}

/** The page of a fault. */
export function renderFault(context: WebContext, statusCode: number, message: string): string {
  const frame = {
    title: faultTitle(statusCode),
    path: '',
    timezone: context.timezone,
    firing: context.readAlerts()?.firing,
  };
  return renderPage(frame, <Fault statusCode={statusCode} message={message} />, false);
}

function Fault({ statusCode, message }: { statusCode: number; message: string }): VNode {
  return (
    <div class="hello fault">
      <h1>{faultTitle(statusCode)}</h1>
      <p>{message}</p>
      <p>
        <a href="/">To the overview</a> · <a href="/runs">to all runs</a>
      </p>
    </div>
  );
}

function faultTitle(statusCode: number): string {
  if (statusCode === 404) return 'Nothing here';
  return statusCode >= 500 ? 'The server failed' : 'That did not work';
}
