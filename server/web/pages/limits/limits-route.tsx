// The address of the page of limits.

import type { FastifyInstance } from 'fastify';
import { durationMsOf } from '../../../../core/duration.ts';
import { readLimits } from '../../../limits/read-limits.ts';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import type { WebContext } from '../../web-context.ts';
import { LimitsPage } from './limits-page.tsx';

export const LIMITS_PATH = '/limits';
const REFRESH_SECONDS = 15;

export function registerLimits(app: FastifyInstance, context: WebContext): void {
  app.get<{ Querystring: QueryText }>(LIMITS_PATH, async (request, reply) => {
    const windowText = textParam(request.query, 'since') ?? '24h';
    const windowMs = durationMsOf(windowText);
    if (windowMs === undefined)
      throw new RequestError(400, `since is a time such as 24h or 7d, not ${windowText}`);
    // Leases are of this very moment, whatever the newest event says.
    const now = Date.now();
    const overview = await readLimits(context.database, context.limits, { from: now - windowMs, now });
    return answerPage(
      context,
      request,
      reply,
    )(<LimitsPage view={{ overview, windowText, timezone: context.timezone, now }} />, {
      title: 'Limits',
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });
}
