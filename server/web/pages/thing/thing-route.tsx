// The addresses of things: one page for each user, agent, version, tool, model, task and project.

import type { FastifyInstance } from 'fastify';
import type { Dimension } from '../../../../core/schema.ts';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { thingsPath } from '../../../thing-path.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { THING_KINDS, readThing } from './thing-data.ts';
import { THING_TIME, ThingPage } from './thing-page.tsx';

const REFRESH_SECONDS = 30;

export function registerThingsRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  for (const kind of THING_KINDS) {
    app.get<{ Params: { name: string }; Querystring: QueryText }>(
      `${thingsPath(kind.dimension)}/:name`,
      async (request, reply) => {
        const now = pageNow(context.store);
        const { name } = request.params;
        const stretch = parseStretch(request.query, { now, timezone, time: THING_TIME });
        const stack = textParam(request.query, 'stack') as Dimension | undefined;
        const question = {
          kind,
          name,
          stretch,
          stackedBy: stack !== undefined && kind.splits.includes(stack) ? stack : undefined,
          now,
        };
        const data = await readThing(database, question);
        return answerPage(
          context,
          request,
          reply,
        )(<ThingPage view={{ question, data, alerts: context.readAlerts(), zone: timezone }} />, {
          title: `${name} · ${kind.noun}`,
          stretch,
          refresh: { url: request.url, seconds: REFRESH_SECONDS },
        });
      },
    );
  }
}
