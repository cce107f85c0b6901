// The addresses of the search: one for people, one for the list under the field while they type.

import type { FastifyInstance } from 'fastify';
import { formatCountOf, formatStatus } from '../../../../core/text/format.ts';
import { searchContent } from '../../../queries/search/search-content.ts';
import { isSuggested, suggestFilters } from '../../../queries/search/suggest-filters.ts';
import { search, type SearchHit } from '../../../queries/search/search.ts';
import {
  filterParams,
  filterTextOf,
  readFilterText,
  unfinishedFilter,
} from '../../../questions/filter-text.ts';
import { countParam, textParam, type QueryText } from '../../../questions/query-params.ts';
import { parseRunFilter } from '../../../questions/run-filter-params.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { SEARCH_ROUTE } from '../../openapi/routes.ts';
import { contentAccessOf } from '../../access/content-access.ts';
import { answerPage } from '../../answer-page.tsx';
import { linkTo } from '../../parts/cells.tsx';
import type { WebContext } from '../../web-context.ts';
import { pageNow } from '../../page-now.ts';
import { contentPath } from './content-path.ts';
import { NAMES_PER_KIND, searchedName, SearchPage } from './search-page.tsx';

export function registerSearchRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, store } = context;
  app.get<{ Querystring: QueryText }>('/search', async (request, reply) => {
    const text = (textParam(request.query, 'q') ?? '').trim();
    if (readFilterText(text).params.length > 0) return reply.redirect(linkTo('/runs', { q: text }), 303);
    const { hits, only } = await search(database, text, NAMES_PER_KIND);
    if (only !== undefined) return reply.redirect(only, 303);
    const isShown = contentAccessOf(request, context.access) === 'shown';
    const content = isShown ? await searchContent(database, text) : undefined;
    return answerPage(
      context,
      request,
      reply,
    )(<SearchPage view={{ text, hits, content, timezone: context.timezone, now: pageNow(store) }} />, {
      title: text === '' ? 'Search' : `Search for ${searchedName(text)}`,
      searched: text,
    });
  });

  app.get<{ Querystring: QueryText }>('/api/search', { schema: SEARCH_ROUTE }, async (request) => {
    const text = textParam(request.query, 'q') ?? '';
    const limit = countParam(request.query, 'limit', { least: 1, most: 100, fallback: 50 });
    const where = textParam(request.query, 'in') ?? 'all';
    if (where !== 'names' && where !== 'all') throw new RequestError(400, `in is names or all, not ${where}`);
    const isOfNames = where === 'names';
    const suggested = isOfNames ? await suggestionsFor(text) : undefined;
    if (suggested !== undefined) return { query: text, hits: suggested };
    const isShown = !isOfNames && contentAccessOf(request, context.access) === 'shown';
    const [{ hits }, content] = await Promise.all([
      search(database, text),
      isShown ? searchContent(database, text) : undefined,
    ]);
    return {
      query: text,
      hits: hits.slice(0, Number.isInteger(limit) && limit > 0 ? limit : 50),
      ...(content !== undefined && {
        content: content.found.map((found) => ({ ...found, path: contentPath(found) })),
        content_is_cut: content.isCut,
        ...(content.fault !== undefined && { content_fault: content.fault }),
      }),
    };
  });

  /** What completes the filter that the line ends with; undefined where it ends with none. */
  async function suggestionsFor(text: string): Promise<readonly SearchHit[] | undefined> {
    const unfinished = unfinishedFilter(text);
    if (unfinished === undefined || !isSuggested(unfinished.key)) return undefined;
    const { before, key, isExcluded, value } = unfinished;
    const name = isExcluded ? `-${key}` : key;
    const rest = parseRunFilter(filterParams(filtersOf(before)), Date.now());
    const found = await suggestFilters(database, key, value, rest);
    return found.map((suggestion) => {
      const written = key === 'status' ? formatStatus(suggestion.value) : suggestion.value;
      const completes = `${before}${filterTextOf([[name, written]])} `;
      return {
        kind: 'filter',
        text: `${name}:${written}`,
        detail: formatCountOf(suggestion.runs, 'run'),
        path: linkTo('/runs', { q: completes.trim() }),
        completes,
      };
    });
  }
}

/** What comes before may be unfinished, too: then it narrows nothing. */
function filtersOf(text: string): readonly (readonly [string, string])[] {
  try {
    return readFilterText(text).params;
  } catch {
    return [];
  }
}
