// The API of limits: leases for processes, and how things stand for people and programs.

import type { FastifyInstance } from 'fastify';
import { parseLeaseRequests } from '../../limits/lease-request.ts';
import { guardSession } from '../../limits/guard-session.ts';
import { readLimits } from '../../limits/read-limits.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { instantParam, type QueryText } from '../../questions/query-params.ts';
import { checkOwnSite } from '../access/same-origin.ts';
import { GUARD_ROUTE, LEASES_ROUTE, LIMITS_ROUTE } from '../openapi/posted-routes.ts';
import type { WebContext } from '../web-context.ts';

/** Five hundred leases, whose five texts may each have 512 characters. */
const LEASES_LIMIT_BYTES = 4 * 1024 * 1024;

export function registerLimitsApi(app: FastifyInstance, context: WebContext): void {
  app.get<{ Querystring: QueryText }>('/api/limits', { schema: LIMITS_ROUTE }, async ({ query }) => {
    const now = Date.now();
    const from = instantParam(query, 'since', now) ?? now - DAY_MS;
    return readLimits(context.database, context.limits, { from, now });
  });

  app.post('/api/limits/guard', { schema: GUARD_ROUTE }, async (request) => {
    checkOwnSite(request);
    return guardSession(
      context.database,
      (events) => context.store.write({ events, spans: [] }),
      request.body,
      Date.now(),
    );
  });

  app.post('/api/limits/leases', { schema: LEASES_ROUTE, bodyLimit: LEASES_LIMIT_BYTES }, async (request) => {
    checkOwnSite(request);
    const leases = await context.limits.lease(parseLeaseRequests(request.body));
    return {
      leases: leases.map(({ grantedNanoUsd, expiresMs, othersSpentNanoUsd, othersHeldNanoUsd }) => ({
        granted_nano_usd: grantedNanoUsd,
        others_spent_nano_usd: othersSpentNanoUsd,
        others_held_nano_usd: othersHeldNanoUsd,
        // Clocks of two machines differ; what is left of a lease does not.
        expires_in_ms: expiresMs - Date.now(),
      })),
    };
  });
}
