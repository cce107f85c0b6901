// The API of alerts: what the alerter knows, as JSON.

import type { FastifyInstance } from 'fastify';
import { ALERTS_ROUTE } from '../openapi/routes.ts';
import { RequestError } from '../../questions/request-error.ts';
import type { WebContext } from '../web-context.ts';

const HTTP_UNAVAILABLE = 503;

/** `GET /api/alerts`. The overview is absent until alerting has started. */
export function registerAlertsApi(app: FastifyInstance, { readAlerts }: WebContext): void {
  app.get('/api/alerts', { schema: ALERTS_ROUTE }, async () => {
    const overview = readAlerts();
    if (overview === undefined) throw new RequestError(HTTP_UNAVAILABLE, 'alerting has not started yet');
    return overview;
  });
}
