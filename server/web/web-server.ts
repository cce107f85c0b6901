// The web server: pages for people and the same answers as JSON for programs. It only reads, but for the
// test notice that somebody asks for.

import { maxHeaderSize } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { SignalError } from '../../signals/signal.ts';
import { clientErrorHandler } from '../process/client-error.ts';
import { connectionsOfPort } from '../process/connections.ts';
import { messageOf } from '../process/server-error.ts';
import { cacheAnswers } from '../queries/answer-cache.ts';
import { keepReports } from '../queries/diagnosis/kept-reports.ts';
import { ReadersBusyError } from '../store/file/reader-pool.ts';
import { registerAlertsApi } from './api/alerts-api.ts';
import { registerApi } from './api/api.ts';
import { registerAssets } from './assets.ts';
import { registerExampleRoutes } from './example-routes.ts';
import { registerBillingApi } from './api/billing-api.ts';
import { registerDownloads } from './downloads.ts';
import { ScoreBook } from '../scores/record-scores.ts';
import { registerLimitsApi } from './api/limits-api.ts';
import { registerReview } from './review.tsx';
import { FEEDBACK_API_PATH, registerScoresApi } from './api/scores-api.tsx';
import { registerLogin } from './access/login.tsx';
import { describeApi } from './openapi/document.ts';
import { registerPages, renderFault } from './pages.tsx';
import { PROBLEM_TYPE, problemOf } from './api/problem.ts';
import { RequestError } from '../questions/request-error.ts';
import { checkOwnSite } from './access/same-origin.ts';
import { SignIn } from './access/sign-in.ts';
import { isForPeople, type ServedContext, type WebContext } from './web-context.ts';

/** An export or a backup takes longer than this as a rule. */
const BUSY_SECONDS = 10;

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** The server of pages and API, not yet listening. */
export function makeWebServer(given: ServedContext): FastifyInstance {
  const { store, trustedProxies = [] } = given;
  const database = {
    ...given.database,
    all: cacheAnswers(given.database, () => store.version),
    openRuns: () => store.openRuns(),
    isClaudeOnPlan: given.isClaudeOnPlan,
  };
  const context = {
    ...given,
    database,
    readReport: keepReports(database, () => store.version),
    signIn: new SignIn(given),
    scores: new ScoreBook(given.database, (events) => store.write({ events, spans: [] })),
  };
  const app = Fastify({
    bodyLimit: 64 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    logger: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    // Ids of sessions are as long as their senders make them. Node takes no longer address than this.
    routerOptions: { maxParamLength: maxHeaderSize },
    clientErrorHandler: clientErrorHandler({
      contentType: PROBLEM_TYPE,
      headers: SECURITY_HEADERS,
      body: problemOf,
    }),
    // No hook runs before these, so that who asks is looked at here.
    frameworkErrors: (error, request, reply) => {
      try {
        if (admit(context, request, reply) === undefined) answerFault(context, error, request, reply);
      } catch (refusal) {
        answerFault(context, refusal, request, reply);
      }
    },
  });
  app.server.headersTimeout = 15_000;
  app.server.maxConnections = connectionsOfPort();

  app.addHook('onRequest', async (request, reply) => admit(context, request, reply));

  describeApi(app);
  registerExampleRoutes(app, context);
  registerLogin(app, context);
  registerAssets(app);
  registerApi(app, context);
  registerAlertsApi(app, context);
  registerScoresApi(app, context);
  registerReview(app, context);
  registerLimitsApi(app, context);
  registerBillingApi(app, context);
  registerDownloads(app, context);
  registerPages(app, context);

  app.setNotFoundHandler((request) => {
    throw new RequestError(404, `there is nothing at ${request.url}`);
  });
  app.setErrorHandler((error, request, reply) => answerFault(context, error, request, reply));
  return app;
}

/** Lets a request pass, or answers it. @throws RequestError */
function admit(context: WebContext, request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  reply.headers(SECURITY_HEADERS);
  if (!context.access.isOwnHost(request.headers.host))
    throw new RequestError(
      421,
      `this server is not ${request.headers.host ?? ''}: ask for it by the address it printed`,
    );
  const isLink = request.headers['sec-fetch-mode'] === 'navigate';
  // What has a token of its own may be sent from anywhere.
  const isFeedback = request.url.split('?')[0] === FEEDBACK_API_PATH;
  if (request.url.startsWith('/api/') && !isLink && !isFeedback) checkOwnSite(request);
  return context.signIn.check(request, reply, isForPeople(request));
}

function answerFault(
  context: WebContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { statusCode, message } = faultOf(error);
  if (statusCode >= 500 && !(error instanceof ReadersBusyError)) context.log(`web: ${messageOf(error)}`);
  if (error instanceof ReadersBusyError) void reply.header('retry-after', String(BUSY_SECONDS));
  reply.code(statusCode);
  return isForPeople(request)
    ? reply
        .type('text/html; charset=utf-8')
        .send(renderFault(context, statusCode, message, searchedOf(request)))
    : reply.type(PROBLEM_TYPE).send(problemOf(statusCode, message));
}

/** What stood in the search or the line of filters. */
function searchedOf({ query }: FastifyRequest): string | undefined {
  const { q } = (query ?? {}) as { q?: unknown };
  return typeof q === 'string' ? q : undefined;
}

/** What is said of an error. */
function faultOf(error: unknown): { statusCode: number; message: string } {
  const { statusCode = 500, code } = error as { statusCode?: number; code?: string };
  if (error instanceof SignalError) return { statusCode: 400, message: messageOf(error) };
  if (error instanceof ReadersBusyError) return { statusCode: error.statusCode, message: error.message };
  if (code === 'FST_ERR_BAD_URL')
    return { statusCode: 400, message: 'this address cannot be read: a % in it stands for no character' };
  return {
    statusCode,
    message:
      statusCode >= 500 && !(error instanceof RequestError)
        ? 'the server failed; its log says why'
        : messageOf(error),
  };
}
