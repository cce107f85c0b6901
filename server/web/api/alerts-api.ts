// The API of alerts: what the alerter knows, as JSON.

import type { FastifyInstance } from 'fastify';
import type { AlertOverview } from '../../alerting/alert-overview.ts';
import { ALERTS_ROUTE } from '../openapi/routes.ts';
import { RequestError } from '../../questions/request-error.ts';

const HTTP_UNAVAILABLE = 503;

/** `GET /api/alerts`. The overview is absent until alerting has started. */
export function registerAlertsApi(app: FastifyInstance, readOverview: () => AlertOverview | undefined): void {
  app.get('/api/alerts', { schema: ALERTS_ROUTE }, async () => {
    const overview = readOverview();
    if (overview === undefined) throw new RequestError(HTTP_UNAVAILABLE, 'alerting has not started yet');
    return overview;
  });
}
