// The example data on the page: the forms that show and remove it, and the hand-over of a browser that looks at it to the
// server that has it. Programs without the cookie always get the data of this server.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkSameOrigin } from './access/same-origin.ts';
import type { WebContext } from './web-context.ts';

export const EXAMPLE_PATH = '/example';
const COOKIE = 'tallyspan-example';
/** What is the same for both, or not for the example. */
const OWN_PATHS = /^\/(example(\/remove)?|login|logout|healthz|metrics|assets\/.*|feedback|api\/feedback)$/;
const HEADERS_SENT = ['accept', 'content-type', 'hx-request', 'hx-target', 'hx-current-url'] as const;
const HEADERS_ANSWERED = [
  'content-type',
  'content-disposition',
  'location',
  'vary',
  'hx-redirect',
  'retry-after',
] as const;

export function registerExampleRoutes(app: FastifyInstance, context: WebContext): void {
  const { example } = context;
  if (example === undefined) {
    // This is the server of the example: its page has the form that removes it.
    return;
  }

  app.addHook('preHandler', async (request, reply) => {
    const { url } = example;
    const path = request.url.split('?')[0] ?? '/';
    if (url === undefined || OWN_PATHS.test(path) || !isLooking(request)) return undefined;
    return handOver(url, request, reply);
  });

  app.post(EXAMPLE_PATH, async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    await example.start();
    return reply.header('set-cookie', cookie('1')).redirect('/', 303);
  });

  app.post(`${EXAMPLE_PATH}/remove`, async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    await example.remove();
    return reply.header('set-cookie', cookie('', 0)).redirect('/', 303);
  });

  // Who was sent to the form of the token in between comes back by this address.
  app.get(EXAMPLE_PATH, (_request, reply) => reply.redirect('/', 303));
  app.get(`${EXAMPLE_PATH}/remove`, (_request, reply) => reply.redirect('/', 303));
}

function isLooking({ headers }: FastifyRequest): boolean {
  return (headers.cookie ?? '').split(';').some((part) => part.trim() === `${COOKIE}=1`);
}

function cookie(value: string, seconds?: number): string {
  const end = seconds === undefined ? '' : `; Max-Age=${seconds}`;
  return `${COOKIE}=${value}; HttpOnly; SameSite=Lax; Path=/${end}`;
}

async function handOver(base: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const theme = /(?:^|;\s*)(tallyspan-theme=\w+)/.exec(request.headers.cookie ?? '')?.[1];
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const answer = await fetch(base + request.url, {
    method: request.method,
    redirect: 'manual',
    headers: {
      ...Object.fromEntries(
        HEADERS_SENT.flatMap((name) => {
          const value = request.headers[name];
          return typeof value === 'string' ? [[name, value]] : [];
        }),
      ),
      ...(theme === undefined ? {} : { cookie: theme }),
      // Where the form really came from was looked at by nobody yet: the page of this server is the only one that passes.
      ...(request.headers.origin === undefined ? {} : { origin: originFor(base, request) }),
    },
    ...(hasBody && { body: bodyOf(request.body) }),
  });
  for (const name of HEADERS_ANSWERED) {
    const value = answer.headers.get(name);
    if (value !== null) void reply.header(name, value);
  }
  return reply.code(answer.status).send(Buffer.from(await answer.arrayBuffer()));
}

/** The origin of the example's own page where the request is from the page of this server, else as it came. */
function originFor(base: string, { headers }: FastifyRequest): string {
  const { origin = '', host = '' } = headers;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase() ? base : origin;
}

function bodyOf(body: unknown): string {
  if (body instanceof URLSearchParams) return body.toString();
  return typeof body === 'string' ? body : JSON.stringify(body ?? null);
}
