// The address of the page of limits.

import type { FastifyInstance } from 'fastify';
import { durationMsOf } from '../../../../core/time/duration.ts';
import { readLimits } from '../../../limits/read-limits.ts';
import { readNumber } from '../../../queries/signals/signal-numbers.ts';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import type { WebContext } from '../../web-context.ts';
import { LimitsPage } from './limits-page.tsx';

export const LIMITS_PATH = '/limits';
const REFRESH_SECONDS = 15;

export function registerLimitsRoutes(app: FastifyInstance, context: WebContext): void {
  app.get<{ Querystring: QueryText }>(LIMITS_PATH, async (request, reply) => {
    const windowText = textParam(request.query, 'since') ?? '24h';
    const windowMs = durationMsOf(windowText);
    if (windowMs === undefined)
      throw new RequestError(400, `since is a time such as 24h or 7d, not ${windowText}`);
    // Leases are of this very moment, whatever the newest event says.
    const now = Date.now();
    const { database, limits, timezone } = context;
    const from = now - windowMs;
    const [overview, refused] = await Promise.all([
      readLimits(database, limits, { from, now }),
      readNumber(database, 'limit_refusals', { from, to: now, timezone, now }),
    ]);
    return answerPage(
      context,
      request,
      reply,
    )(<LimitsPage view={{ overview, refused: refused ?? 0, windowText, timezone, now }} />, {
      title: 'Limits',
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });
}
