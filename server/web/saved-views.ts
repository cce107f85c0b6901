// Saved views: addresses of pages by a name that somebody gave them, for all who use this server. They are kept in a file of
// the data folder.

import { dirname, join } from 'node:path';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { RequestError } from '../questions/request-error.ts';
import { checkSameOrigin } from './access/same-origin.ts';
import { pathOnServer } from './access/way-back.ts';
import type { WebContext } from './web-context.ts';

export interface SavedView {
  readonly name: string;
  /** On this server, with its query. */
  readonly path: string;
}

const FILE = 'views.json';
const LONGEST_NAME = 80;
const MOST_VIEWS = 200;
const OWNER_ONLY = 0o600;

/** In the order in which they were saved; none where the file is missing or cannot be read. */
export function readViews(dataDir: string): readonly SavedView[] {
  let views: unknown;
  try {
    views = JSON.parse(readFileSync(join(dataDir, FILE), 'utf8'));
  } catch {
    return [];
  }
  if (!Array.isArray(views)) return [];
  return (views as Partial<SavedView>[]).flatMap(({ name, path }) => {
    const own = typeof path === 'string' ? pathOnServer(path) : undefined;
    return typeof name === 'string' && own !== undefined ? [{ name, path: own }] : [];
  });
}

function writeViews(dataDir: string, views: readonly SavedView[]): void {
  const file = join(dataDir, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(views, undefined, 2), { mode: OWNER_ONLY });
  renameSync(`${file}.new`, file);
}

/** Forms that save and remove a view. */
export function registerViews(app: FastifyInstance, context: WebContext): void {
  const dataDir = dirname(context.database.file);
  app.post('/views', async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const name = (form.get('name') ?? '').trim();
    const path = pathOnServer(form.get('path') ?? '');
    if (name === '' || name.length > LONGEST_NAME)
      throw new RequestError(400, `a view has a name of at most ${LONGEST_NAME} characters`);
    if (path === undefined) throw new RequestError(400, 'a view is a page of this server');
    const others = readViews(dataDir).filter((view) => view.name !== name);
    if (others.length >= MOST_VIEWS)
      throw new RequestError(400, `there are ${MOST_VIEWS} views already: remove one first`);
    writeViews(dataDir, [...others, { name, path }]);
    return reply.redirect(path, 303);
  });
  app.post('/views/remove', async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const name = form.get('name');
    writeViews(
      dataDir,
      readViews(dataDir).filter((view) => view.name !== name),
    );
    return reply.redirect('/runs', 303);
  });
}
