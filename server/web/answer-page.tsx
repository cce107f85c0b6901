// Answers with a page, or with its main part only where htmx asks for it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ComponentChildren } from 'preact';
import { renderPage, themeOf, type PageFrame } from './layout.tsx';
import type { WebContext } from './web-context.ts';

export type PageAnswer = (
  content: ComponentChildren,
  frame: Partial<PageFrame> & Pick<PageFrame, 'title'>,
) => FastifyReply;

export function answerPage(context: WebContext, request: FastifyRequest, reply: FastifyReply): PageAnswer {
  return (content, frame) => {
    const path = request.url.split('?')[0] ?? '/';
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
      .send(renderPage(whole, content, isFragment));
  };
}
