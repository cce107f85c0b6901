// Downloads: the whole store as a file, and the events as one. They take long, so they go one at a time beside all else,
// stop when who asked has gone, and are not for pages of other sites.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { backupDatabase, exportEvents } from '../queries/export/export-events.ts';
import { parseExportRequest, type QueryText } from '../questions/query-params.ts';
import { BACKUP_NOTE, hasRecordedContent } from '../recorded-content.ts';
import { messageOf } from '../process/server-error.ts';
import { RequestError } from '../questions/request-error.ts';
import { diskReason } from '../store/file/disk-fault.ts';
import { BACKUP_ROUTE, EXPORT_ROUTE } from './openapi/routes.ts';
import { checkOwnSite } from './access/same-origin.ts';
import type { WebContext } from './web-context.ts';

const BYTES = 'application/octet-stream';
/** Who takes nothing for so long has left. */
const STALLED_MS = 120_000;

export function registerDownloads(app: FastifyInstance, context: WebContext): void {
  const { database } = context;

  app.get<{ Querystring: QueryText }>(
    '/api/export',
    { schema: EXPORT_ROUTE, exposeHeadRoute: false },
    (request, reply) => {
      checkOwnSite(request);
      const asked = parseExportRequest(request.query, Date.now());
      return send(request, reply, context.log, (signal) => exportEvents(database, asked, signal));
    },
  );

  app.get('/api/backup', { schema: BACKUP_ROUTE, exposeHeadRoute: false }, async (request, reply) => {
    checkOwnSite(request);
    if (await hasRecordedContent(database)) {
      context.log(`backup: ${BACKUP_NOTE}`);
      reply.header('x-tallyspan-note', BACKUP_NOTE);
    }
    return send(request, reply, context.log, (signal) => backupDatabase(database, signal));
  });

  // What there is to say of either without making it.
  for (const [url, schema] of [
    ['/api/export', EXPORT_ROUTE],
    ['/api/backup', BACKUP_ROUTE],
  ] as const)
    app.head(url, { schema }, (request, reply) => {
      checkOwnSite(request);
      return reply.type(BYTES).send();
    });
}

/** A file that is made before it is sent needs room beside the data. */
function withDiskReason(error: unknown): unknown {
  const reason = diskReason(error);
  return reason === undefined ? error : new RequestError(503, `the file could not be made: ${reason}`);
}

/** Answers once there is a first byte, so that what goes wrong before is an answer and not a cut file. */
async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  log: (line: string) => void,
  read: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
): Promise<FastifyReply> {
  const gone = new AbortController();
  const bytes = read(gone.signal);
  const leave = (): void => {
    gone.abort(new Error('the client left'));
    // Also where nobody has begun to read: what was made goes.
    bytes.return(undefined).catch(() => undefined);
  };
  // It may have left while what is said beforehand was looked up.
  if (reply.raw.destroyed) leave();
  else reply.raw.once('close', leave);
  // Of this answer and not of its connection, which may be asked for one file after another.
  reply.raw.setTimeout(STALLED_MS, () => {
    if (reply.raw.headersSent) reply.raw.destroy();
  });
  const first = await bytes.next().catch((error: unknown) => {
    if (!gone.signal.aborted) throw withDiskReason(error);
    return undefined;
  });
  // Nobody waits for an answer any more.
  if (first === undefined || gone.signal.aborted) return reply.hijack();
  const { done, value } = first;
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (done !== true) yield value;
    try {
      yield* bytes;
    } catch (error) {
      // The answer has begun: it can only be cut, and the log says why.
      if (!gone.signal.aborted) log(`web: ${request.url} was cut: ${messageOf(error)}`);
      throw error;
    }
  }
  return reply.type(BYTES).send(Readable.from(whole()));
}
