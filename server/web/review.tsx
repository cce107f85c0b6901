// The review queue: people score one run after the other. A view is any filter of the list of runs; it is remembered in a
// cookie of the queue, and next is the newest run of it that no person has scored.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DAY_MS } from '../../core/time/time.ts';
import { parseScoreValue } from '../../core/scores/score.ts';
import { listRuns } from '../queries/runs/list-runs.ts';
import { RUNS_LIMIT } from '../queries/runs/run-filter.ts';
import { filterParams } from '../questions/filter-text.ts';
import { textParam, type QueryText } from '../questions/query-params.ts';
import { parseRunFilter } from '../questions/run-filter-params.ts';
import { RequestError } from '../questions/request-error.ts';
import { textsSql } from '../store/file/database.ts';
import { renderBarePage } from './bare-page.tsx';
import { REVIEW_NEXT_PATH, REVIEW_PATH } from './pages/run/score-form.tsx';
import { checkSameOrigin } from './access/same-origin.ts';
import type { WebContext } from './web-context.ts';

const COOKIE = 'tallyspan_review';
const DEFAULT_SINCE_MS = 7 * DAY_MS;
const MAX_VIEW_CHARS = 2000;

export function registerReview(app: FastifyInstance, { database, scores, access }: WebContext): void {
  app.get<{ Querystring: QueryText }>(REVIEW_PATH, async (request, reply) => {
    // A view that cannot be one is refused here, and not at each step.
    parseRunFilter(request.query, Date.now());
    const view = request.url.split('?')[1] ?? '';
    if (view.length > MAX_VIEW_CHARS) throw new RequestError(400, 'this view is too long to be reviewed');
    return reply
      .header(
        'set-cookie',
        `${COOKIE}=${encodeURIComponent(view)}; HttpOnly; SameSite=Lax; Path=${REVIEW_PATH}`,
      )
      .redirect(REVIEW_NEXT_PATH, 303);
  });

  app.get<{ Querystring: QueryText }>(REVIEW_NEXT_PATH, async (request, reply) => {
    const now = Date.now();
    const query = filterParams([...new URLSearchParams(viewOf(request) ?? '')]);
    const filter = parseRunFilter(query, now);
    const runs = await listRuns(database, {
      ...filter,
      since: filter.since ?? now - DEFAULT_SINCE_MS,
      limit: RUNS_LIMIT,
    });
    const after = textParam(request.query, 'after');
    const place = runs.findIndex((run) => run['agent.run_id'] === after);
    const ids = runs.flatMap((run) => (run['agent.status'] === 'running' ? [] : [run['agent.run_id']]));
    const scored = await database.all(
      `SELECT DISTINCT agent_run_id AS id FROM agent_score
       WHERE tallyspan_score_source = 'human' AND agent_run_id IN ${textsSql('$ids')}`,
      { ids: JSON.stringify(ids) },
    );
    const done = new Set(scored.map((row) => String(row['id'])));
    const next = runs
      .slice(place + 1)
      .find((run) => ids.includes(run['agent.run_id']) && !done.has(run['agent.run_id']));
    if (next !== undefined)
      return reply.redirect(`/runs/${encodeURIComponent(next['agent.run_id'])}#score-form`, 303);
    return reply.type('text/html; charset=utf-8').send(
      renderBarePage(
        'Review',
        <div class="hello">
          <h1>Nothing left to review</h1>
          <p>
            A person has scored every run of this view. <a href="/runs">To all runs</a>
          </p>
        </div>,
      ),
    );
  });

  app.post(REVIEW_PATH, async (request, reply) => {
    checkSameOrigin(request, access.pageOrigin);
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const runId = form.get('run') ?? '';
    const label = form.get('label')?.trim() ?? '';
    const [name = '', value = ''] = (form.get('score') ?? '').split('=');
    const common = {
      runId,
      target: 'run',
      source: 'human',
      comment: form.get('comment')?.trim() || undefined,
    } as const;
    const given = [
      ...(name === ''
        ? []
        : [{ ...common, id: `page/${runId}/${name}`, name, value: parseScoreValue(value) }]),
      ...(label === '' ? [] : [{ ...common, id: `page/${runId}/label`, name: 'label', value: label }]),
    ];
    if (given.length === 0) throw new RequestError(400, 'choose a score or write a label');
    await scores.record(given);
    const isReview = viewOf(request) !== undefined;
    return reply.redirect(
      isReview
        ? `${REVIEW_NEXT_PATH}?after=${encodeURIComponent(runId)}`
        : `/runs/${encodeURIComponent(runId)}#scores`,
      303,
    );
  });
}

/** The view that is reviewed; undefined outside of a review. */
function viewOf(request: FastifyRequest): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === COOKIE && value !== undefined && /^[\w%.~-]*$/.test(value)) return decodeText(value);
  }
  return undefined;
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
