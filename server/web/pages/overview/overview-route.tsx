// The address of the overview.

import type { FastifyInstance } from 'fastify';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import { senderSettings } from '../../sender-settings.ts';
import type { WebContext } from '../../web-context.ts';
import { readFuture } from '../../../queries/read-meta.ts';
import { FindingsPanel } from '../findings/findings-panel.tsx';
import { ReceivedHint } from '../received/received-page.tsx';
import { STACKS, readOverview, type StackedBy } from './overview-data.ts';
import { OVERVIEW_TIME, OverviewPage } from './overview-page.tsx';

const REFRESH_SECONDS = 30;
const EMPTY_SECONDS = 5;

export function registerOverviewRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Querystring: QueryText }>('/', async (request, reply) => {
    const now = pageNow(context.store);
    const stretch = parseStretch(request.query, { now, timezone, time: OVERVIEW_TIME });
    const stack = textParam(request.query, 'stack');
    const question = {
      now,
      stretch,
      agent: textParam(request.query, 'agent'),
      stackedBy: STACKS.includes(stack as StackedBy) ? (stack as StackedBy) : undefined,
    };
    const data = await readOverview(database, question);
    const { needsToken } = context.access;
    const sender = senderSettings(context.grpcAddress(), request.headers.host, needsToken);
    const received = context.intake.notUnderstood.rows();
    return answerPage(
      context,
      request,
      reply,
    )(
      <>
        <ReceivedHint kinds={received.length} futureEvents={(await readFuture(database)).count} />
        {data.hasData && <FindingsPanel report={context.latestFindings?.()} />}
        <OverviewPage view={{ data, question, zone: timezone, sender, received }} />
      </>,
      {
        title: 'Overview',
        stretch,
        refresh: { url: request.url, seconds: data.hasData ? REFRESH_SECONDS : EMPTY_SECONDS },
      },
    );
  });
}
