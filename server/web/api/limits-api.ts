// The API of limits: leases for processes, and how things stand for people and programs.

import type { FastifyInstance } from 'fastify';
import { parseLeaseRequests } from '../../limits/lease-request.ts';
import { guardSession } from '../../limits/guard-session.ts';
import { readLimits } from '../../limits/read-limits.ts';
import { durationMsOf } from '../../../core/time/duration.ts';
import { textParam, type QueryText } from '../../questions/query-params.ts';
import { RequestError } from '../../questions/request-error.ts';
import { checkOwnSite } from '../access/same-origin.ts';
import type { WebContext } from '../web-context.ts';

const DEFAULT_WINDOW = '24h';
/** Five hundred leases, whose five texts may each have 512 characters. */
const LEASES_LIMIT_BYTES = 4 * 1024 * 1024;

export function registerLimitsApi(app: FastifyInstance, context: WebContext): void {
  app.get<{ Querystring: QueryText }>('/api/limits', async ({ query }) => {
    const window = textParam(query, 'since') ?? DEFAULT_WINDOW;
    const windowMs = durationMsOf(window);
    if (windowMs === undefined)
      throw new RequestError(400, `since is a time such as 24h or 7d, not ${window}`);
    const now = Date.now();
    return readLimits(context.database, context.limits, { from: now - windowMs, now });
  });

  app.post('/api/limits/guard', async (request) => {
    checkOwnSite(request);
    return guardSession(
      context.database,
      (events) => context.store.write({ events, spans: [] }),
      request.body,
      { now: Date.now(), timezone: context.timezone },
    );
  });

  app.post('/api/limits/leases', { bodyLimit: LEASES_LIMIT_BYTES }, async (request) => {
    checkOwnSite(request);
    const leases = await context.limits.lease(parseLeaseRequests(request.body));
    return {
      leases: leases.map(({ grantedNanoUsd, expiresMs }) => ({
        granted_nano_usd: grantedNanoUsd,
        // Clocks of two machines differ; what is left of a lease does not.
        expires_in_ms: expiresMs - Date.now(),
      })),
    };
  });
}
