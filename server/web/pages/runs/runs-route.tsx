// The address of the list of runs, and the same list as a file.

import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { listRunPage, listRuns, sumRuns } from '../../../queries/runs/list-runs.ts';
import { readFacets } from '../../../queries/runs/read-facets.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { filterParams, readFilterText, readRunLine } from '../../../questions/filter-text.ts';
import { textParam, type QueryText } from '../../../questions/query-params.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import { linkTo } from '../../parts/cells.tsx';
import { columnsText } from '../../parts/column-picker.tsx';
import { RUN_SHEET_COLUMNS, TRACE_COLUMN, type RunColumnId } from '../../parts/run-sheet.ts';
import { ALL_RUN_COLUMNS } from '../../parts/run-table.tsx';
import { parseRunsAddress } from '../../runs-address.ts';
import { readViews } from '../../saved-views.ts';
import { isSheetFormat, sheetAnswer, type Sheet } from '../../sheet.ts';
import type { WebContext } from '../../web-context.ts';
import { RunsPage } from './runs-page.tsx';

const REFRESH_SECONDS = 30;
const RUNS_PER_PAGE = 50;
/** More rows are for `tallyspan export`. */
const MOST_ROWS = 10_000;

export function registerRunsRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Querystring: QueryText }>('/runs', async (request, reply) => {
    const now = pageNow(context.store);
    const { q, ...others } = request.query;
    if (q !== undefined) return reply.redirect(filteredPath(textParam({ q }, 'q') ?? '', others, now), 303);
    const address = parseRunsAddress(request.query, now, timezone);
    const format = textParam(request.query, 'format');
    if (isSheetFormat(format)) {
      const runs = await listRuns(database, {
        ...address.filter,
        cursor: undefined,
        offset: 0,
        limit: MOST_ROWS,
      });
      const { headers, body } = sheetAnswer(sheetOf(runs, address.columns), format, 'runs');
      return reply.headers(headers).send(body);
    }
    const filter = { ...address.filter, limit: RUNS_PER_PAGE };
    const isNarrowing = textParam(request.query, 'narrow') !== undefined;
    const [page, sums, facets] = await Promise.all([
      listRunPage(database, filter),
      sumRuns(database, filter),
      // Each is a reading of its own: only for who asks to narrow the list.
      isNarrowing ? readFacets(database, filter) : undefined,
    ]);
    const view = {
      address,
      page,
      sums,
      facets,
      saved: readViews(dirname(database.file)),
      zone: timezone,
      now,
    };
    return answerPage(
      context,
      request,
      reply,
    )(<RunsPage view={view} />, {
      title: 'Runs',
      stretch: address.stretch,
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });

  /** What was written replaces all filters; the time and the order stay. */
  function filteredPath(text: string, others: QueryText, now: number): string {
    const { params, rest, excludedWords, unknown } = readFilterText(text);
    const { stretch, sort, isReversed, columns } = parseRunsAddress(others, now, timezone);
    const isSearch = [params, excludedWords, unknown].every((words) => words.length === 0) && rest !== '';
    if (isSearch) return linkTo('/search', { q: rest });
    const written = filterParams(readRunLine(text));
    const { zone } = stretch.params;
    return linkTo('/runs', {
      ...written,
      ...(written['time'] === undefined ? stretch.params : { zone }),
      sort,
      order: isReversed ? 'reversed' : undefined,
      columns: columnsText(columns, ALL_RUN_COLUMNS),
    });
  }
}

/** The columns that are shown, as values; where nobody chose, with the id of the trace. */
function sheetOf(runs: readonly RunSummary[], chosen: readonly RunColumnId[] | undefined): Sheet {
  const columns = (chosen ?? ALL_RUN_COLUMNS).flatMap((id) => RUN_SHEET_COLUMNS[id]);
  const all = chosen === undefined ? [...columns, TRACE_COLUMN] : columns;
  return {
    columns: all.map(([name]) => name),
    rows: runs.map((run) => all.map(([, valueOf]) => valueOf(run))),
  };
}
