// The addresses of one run: its page, the recorded content of its steps as it was, and the switch that removes it; and of
// two runs side by side.

import type { FastifyInstance } from 'fastify';
import { readCallContents, removeContent } from '../queries/runs/read-content.ts';
import { readRunOutline, type RunOutline } from '../queries/runs/read-run-outline.ts';
import { AmbiguousRunError } from '../queries/runs/read-run.ts';
import { RequestError } from '../questions/request-error.ts';
import { textParam, type QueryText } from '../questions/query-params.ts';
import { answerPage } from './answer-page.tsx';
import { contentAccessOf } from './access/content-access.ts';
import { pageNow } from './page-now.ts';
import { readCompareData } from './pages/compare/compare-data.ts';
import { ComparePage } from './pages/compare/compare-page.tsx';
import { parseRunAddress } from './pages/run/run-address.ts';
import { readRunData } from './pages/run/run-data.ts';
import { RunPage } from './pages/run/run-page.tsx';
import { checkSameOrigin } from './access/same-origin.ts';
import type { WebContext } from './web-context.ts';

/** What goes on is shown within this time. */
const RUNNING_SECONDS = 1;

/** As the page of a run names it. */
const REMOVE_CONTENT = '/runs/:id/remove-content';

interface RunParams {
  readonly id: string;
}

interface PartParams extends RunParams {
  readonly span: string;
  readonly part: string;
}

export function registerRunRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, store, timezone } = context;

  app.get<{ Params: RunParams; Querystring: QueryText }>('/runs/:id', async (request, reply) => {
    const address = parseRunAddress(request.query);
    const access = contentAccessOf(request, context.access);
    const data = await orConflict(readRunData(database, request.params.id, address, access));
    if (data === undefined) throw noRun(request.params.id);
    const view = {
      data,
      address,
      access,
      hasToken: context.access.needsToken,
      traceUrls: context.traceUrls,
      timezone,
      now: pageNow(store),
    };
    const { outline } = data;
    return answerPage(
      context,
      request,
      reply,
    )(<RunPage view={view} />, {
      title: `Run ${outline['agent.run_id'].slice(0, 8)}`,
      refresh:
        outline['agent.status'] === 'running' ? { url: request.url, seconds: RUNNING_SECONDS } : undefined,
    });
  });

  app.get<{ Params: PartParams }>('/api/runs/:id/steps/:span/:part', async (request, reply) => {
    const { id, span, part } = request.params;
    if (part !== 'request' && part !== 'response')
      throw new RequestError(404, `a step has a request and a response, and no ${part}`);
    if (contentAccessOf(request, context.access) !== 'shown')
      throw new RequestError(403, 'content is shown on the machine of the server only, or with its token');
    const outline = await readOne(id);
    const call = outline.steps.find((step) => step.step === 'model_call' && step['span_id'] === span);
    const contents = await readCallContents(database, call === undefined ? [] : [call]);
    const content = contents.get(span);
    if (content?.fault !== undefined) throw new RequestError(409, content.fault);
    const text = content?.[part];
    if (text === undefined) throw new RequestError(404, `no ${part} was recorded of this step`);
    return reply.type('application/json; charset=utf-8').send(text);
  });

  app.get<{ Params: RunParams }>(REMOVE_CONTENT, (request, reply) =>
    reply.redirect(`/runs/${encodeURIComponent(request.params.id)}`, 303),
  );
  app.post<{ Params: RunParams }>(REMOVE_CONTENT, async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    const outline = await readOne(request.params.id);
    await removeContent(
      store,
      outline.steps.filter((step) => step.step === 'model_call'),
    );
    return reply.redirect(`/runs/${encodeURIComponent(outline['agent.run_id'])}`, 303);
  });

  async function readOne(id: string): Promise<RunOutline> {
    const outline = await orConflict(readRunOutline(database, id));
    if (outline === undefined) throw noRun(id);
    return outline;
  }
}

function noRun(id: string): RequestError {
  return new RequestError(404, `There is no run ${id}: it was never stored, or was deleted by age.`);
}

export function registerCompareRoutes(app: FastifyInstance, context: WebContext): void {
  app.get<{ Querystring: QueryText }>('/compare', async (request, reply) => {
    const { query } = request;
    // Boxes that were ticked in a list of runs.
    const [first = '', second = ''] = [query['run'] ?? []].flat();
    const a = textParam(query, 'a') ?? first;
    const b = textParam(query, 'b') ?? second;
    const pair = textParam(query, 'pair') === undefined ? undefined : countParam(query, 'pair');
    const access = contentAccessOf(request, context.access);
    const data = await orConflict(readCompareData(context.database, a, b, pair, access));
    return answerPage(context, request, reply)(<ComparePage data={data} />, { title: 'Compare' });
  });
}

/** @throws RequestError */
function countParam(query: QueryText, key: string): number {
  const value = Number(textParam(query, key));
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RequestError(400, `${key} is a whole number from 0, not ${textParam(query, key) ?? ''}`);
  return value;
}

/** More than one run begins with the id: nothing here decides between them. */
function orConflict<T>(found: Promise<T>): Promise<T> {
  return found.catch((error: unknown) => {
    throw error instanceof AmbiguousRunError ? new RequestError(409, error.message) : error;
  });
}
