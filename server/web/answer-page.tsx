// Answers with a page, with its main part only where htmx asks for it, or with one of its tables as a file.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { QueryText } from '../questions/query-params.ts';
import { renderPage, themeOf, type PageFrame } from './layout.tsx';
import { PageTables, TablesOfPage } from './parts/tables-of-page.ts';
import { sheetAnswer } from './sheet.ts';
import type { WebContext } from './web-context.ts';

export type PageAnswer = (
  content: ComponentChildren,
  frame: Partial<PageFrame> & Pick<PageFrame, 'title'>,
) => FastifyReply;

export function answerPage(context: WebContext, request: FastifyRequest, reply: FastifyReply): PageAnswer {
  return (content, frame) => {
    const path = request.url.split('?')[0] ?? '/';
    const tables = new TablesOfPage(path, request.query as QueryText);
    const shown = <PageTables.Provider value={tables}>{content}</PageTables.Provider>;
    if (tables.isSheetWanted) {
      renderToString(shown);
      const { sheet, format, name } = tables.wanted();
      const { headers, body } = sheetAnswer(sheet, format, name);
      return reply.headers(headers).send(body);
    }
    const whole: PageFrame = {
      path,
      timezone: frame.stretch?.timezone ?? context.timezone,
      firing: context.readAlerts()?.firing,
      hasSession: context.access.needsToken,
      isExample: context.example === undefined,
      theme: themeOf(request.headers.cookie),
      ...frame,
    };
    const isFragment = request.headers['hx-request'] === 'true';
    return reply
      .type('text/html; charset=utf-8')
      .header('vary', 'hx-request')
      .send(renderPage(whole, shown, isFragment));
  };
}
