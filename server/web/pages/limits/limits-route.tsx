// The address of the page of limits.

import type { FastifyInstance } from 'fastify';
import { readLimits } from '../../../limits/read-limits.ts';
import { readNumber } from '../../../queries/signals/signal-numbers.ts';
import type { QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import type { WebContext } from '../../web-context.ts';
import { LIMITS_TIME, LimitsPage } from './limits-page.tsx';

export const LIMITS_PATH = '/limits';
const REFRESH_SECONDS = 15;

export function registerLimitsRoutes(app: FastifyInstance, context: WebContext): void {
  app.get<{ Querystring: QueryText }>(LIMITS_PATH, async (request, reply) => {
    // Leases are of this very moment, whatever the newest event says.
    const now = Date.now();
    const { database, limits, timezone } = context;
    const stretch = parseStretch(request.query, { now, timezone, time: LIMITS_TIME });
    const { from, to } = stretch;
    const [overview, refused] = await Promise.all([
      readLimits(database, limits, { from, ...(to < now && { to }), now }),
      readNumber(database, 'limit_refusals', { from, to, timezone: stretch.timezone, now }),
    ]);
    return answerPage(
      context,
      request,
      reply,
    )(<LimitsPage view={{ overview, refused: refused ?? 0, stretch, zone: timezone, now }} />, {
      title: 'Limits',
      stretch,
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });
}
