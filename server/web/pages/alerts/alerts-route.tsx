// The addresses of alerts: their page, and the form that sends a test notice.

import type { FastifyInstance } from 'fastify';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import { checkSameOrigin } from '../../access/same-origin.ts';
import { isForPeople, type WebContext } from '../../web-context.ts';
import { AlertsPage, TEST_PATH } from './alerts-page.tsx';

const ALERTS_PATH = '/alerts';
const REFRESH_SECONDS = 30;

export function registerAlertsRoutes(app: FastifyInstance, context: WebContext): void {
  const { timezone } = context;
  app.get(ALERTS_PATH, async (request, reply) =>
    answerPage(
      context,
      request,
      reply,
    )(<AlertsPage view={{ overview: context.readAlerts(), timezone, now: pageNow(context.store) }} />, {
      title: 'Alerts',
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    }),
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
