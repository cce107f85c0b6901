// The addresses of the breakdowns, and the same tables as files.

import type { FastifyInstance } from 'fastify';
import { usdOf } from '../../../../core/money.ts';
import { readToolTax } from '../../../queries/diagnosis/read-unused-tools.ts';
import { readTableCursor, type TableCursor } from '../../../queries/signals/signal-table.ts';
import { offsetParam, textParam, type QueryText } from '../../../questions/query-params.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import { columnsParam } from '../../parts/column-picker.tsx';
import { isSheetFormat, sheetAnswer, type Sheet } from '../../sheet.ts';
import type { WebContext } from '../../web-context.ts';
import {
  BREAKDOWNS,
  ROWS_SHOWN,
  optionalColumns,
  readBreakdown,
  type BreakdownData,
  type BreakdownKind,
  type BreakdownOrder,
} from './breakdown-data.ts';
import { BREAKDOWN_TIME, BreakdownPage } from './breakdown-page.tsx';

const REFRESH_SECONDS = 30;
const MOST_ROWS = 10_000;

export function registerBreakdownsRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  for (const kind of BREAKDOWNS) {
    app.get<{ Querystring: QueryText }>(kind.path, async (request, reply) => {
      const now = pageNow(context.store);
      const { query } = request;
      const stretch = parseStretch(query, { now, timezone, time: BREAKDOWN_TIME });
      const window = { from: stretch.from, to: stretch.to, now, timezone: stretch.timezone };
      const order = orderParam(query, kind);
      const known = optionalColumns(kind).map(([id]) => id);
      const columns = columnsParam(query, known);
      const format = textParam(query, 'format');
      if (isSheetFormat(format)) {
        const data = await readBreakdown(database, kind, { window, order, limit: MOST_ROWS });
        const { headers, body } = sheetAnswer(
          sheetOf(kind, data, columns ?? known),
          format,
          kind.path.slice(1),
        );
        return reply.headers(headers).send(body);
      }
      const [data, toolTax] = await Promise.all([
        readBreakdown(database, kind, {
          window,
          order,
          limit: ROWS_SHOWN,
          cursor: cursorParam(query),
          offset: offsetParam(query),
        }),
        kind.dimension === 'tool' ? readToolTax(database, stretch.from, stretch.to) : undefined,
      ]);
      return answerPage(
        context,
        request,
        reply,
      )(<BreakdownPage view={{ kind, data, stretch, order, zone: timezone, now, toolTax, columns }} />, {
        title: kind.title,
        stretch,
        refresh: { url: request.url, seconds: REFRESH_SECONDS },
      });
    });
  }
}

/** @throws RequestError on a column that the table has not */
function orderParam(query: QueryText, kind: BreakdownKind): BreakdownOrder {
  const by = textParam(query, 'sort') ?? 'cost';
  const columns = ['cost', 'before', 'name', ...kind.columns.map(({ signal }) => signal)];
  if (!columns.includes(by)) throw new RequestError(400, `sort is ${columns.join(', ')}, not ${by}`);
  return { by, isAscending: textParam(query, 'order') === 'ascending' };
}

/** @throws RequestError */
function cursorParam(query: QueryText): TableCursor | undefined {
  const text = textParam(query, 'at');
  if (text === undefined) return undefined;
  const cursor = readTableCursor(text);
  if (cursor === undefined)
    throw new RequestError(400, 'this address was cut or changed: go back to the first page of the list');
  return cursor;
}

/** The columns of the table, as values; the courses over time are left out. */
function sheetOf(kind: BreakdownKind, data: BreakdownData, shown: readonly string[]): Sheet {
  const hasListValue = data.rows.some((row) => row.listValueNanoUsd !== 0);
  const hasShare = shown.includes('share');
  const hasBefore = shown.includes('before');
  const isShown = kind.columns.map(({ signal }) => shown.includes(signal));
  return {
    columns: [
      kind.dimension,
      'cost_usd',
      ...(hasListValue ? ['list_value_usd'] : []),
      ...(hasShare ? ['share'] : []),
      ...(hasBefore ? ['cost_before_usd'] : []),
      ...kind.columns
        .filter((_, index) => isShown[index])
        .map(({ signal, unit }) => (unit === 'ms' ? `${signal}_ms` : signal)),
    ],
    rows: data.rows.map((row) => [
      row.name,
      usdOf(row.costNanoUsd),
      ...(hasListValue ? [usdOf(row.listValueNanoUsd)] : []),
      ...(hasShare ? [row.share] : []),
      ...(hasBefore ? [usdOf(row.costBeforeNanoUsd)] : []),
      ...row.values.filter((_, index) => isShown[index]),
    ]),
  };
}
