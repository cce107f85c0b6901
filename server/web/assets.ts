// Assets: the style sheet, htmx and our own few lines of script, all served by ourselves.
// The style sheet is the files of the folder `style/` in the order of STYLES; the build copies that folder beside the bundle.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { COPY_SCRIPT } from './copy-script.ts';
import { STALE_SCRIPT } from './stale-script.ts';

export const ASSET_PATHS = {
  style: '/assets/tallyspan.css',
  htmx: '/assets/htmx.js',
  copy: '/assets/copy.js',
  stale: '/assets/stale.js',
} as const;

/** Later files count where two say the same. */
const STYLES = ['base', 'parts', 'tables', 'run', 'narrow'] as const;

/** The folder is beside this file, and beside the bundle. */
function readStyle(): string {
  return STYLES.map((name) => readFileSync(new URL(`./style/${name}.css`, import.meta.url), 'utf8')).join(
    '\n',
  );
}

/** htmx is read from its package, which is installed beside the server, also when that is bundled. */
function readHtmx(): string {
  return readFileSync(createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js'), 'utf8');
}

export function registerAssets(app: FastifyInstance): void {
  const assets: readonly (readonly [string, string, string])[] = [
    [ASSET_PATHS.style, 'text/css; charset=utf-8', readStyle()],
    [ASSET_PATHS.htmx, 'text/javascript; charset=utf-8', readHtmx()],
    [ASSET_PATHS.copy, 'text/javascript; charset=utf-8', COPY_SCRIPT],
    [ASSET_PATHS.stale, 'text/javascript; charset=utf-8', STALE_SCRIPT],
  ];
  for (const [path, type, text] of assets)
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(text),
    );
}
