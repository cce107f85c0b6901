// The page of what came and was not understood.

import type { FastifyInstance } from 'fastify';
import { readFuture } from '../../../queries/read-meta.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { ReceivedPage } from './received-page.tsx';

const PATH = '/received';
const REFRESH_SECONDS = 30;

export function registerReceivedRoutes(app: FastifyInstance, context: WebContext): void {
  const { timezone } = context;
  app.get(PATH, async (request, reply) =>
    answerPage(
      context,
      request,
      reply,
    )(
      <ReceivedPage
        view={{
          rows: context.intake.notUnderstood.rows(),
          counters: context.intake.counters,
          future: await readFuture(context.database),
          timezone,
          now: pageNow(context.store),
        }}
      />,
      { title: 'Received', refresh: { url: request.url, seconds: REFRESH_SECONDS } },
    ),
  );
}
