// Assets: the style sheet, htmx and our own script, all served by ourselves.
// The style sheet is the files of the folder `style/` in the order of STYLES, the script the modules of `client/`. The build
// copies the one beside the bundle and makes one file of the other; without a build its modules are served one by one.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import type { FastifyInstance } from 'fastify';

/** Later files count where two say the same. */
const STYLES = ['base', 'parts', 'choices', 'tables', 'charts', 'run', 'narrow', 'print'] as const;
const BUILT_CLIENT = new URL('./client.js', import.meta.url);
const isBuilt = existsSync(BUILT_CLIENT);

export const ASSET_PATHS = {
  style: '/assets/tallyspan.css',
  htmx: '/assets/htmx.js',
  client: isBuilt ? '/assets/client.js' : '/assets/client/main.ts',
} as const;

const SCRIPT = 'text/javascript; charset=utf-8';

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

/** Path and text of each script: read once, as making JavaScript of the modules takes a while. */
let client: readonly (readonly [string, string])[] | undefined;

function readClient(): readonly (readonly [string, string])[] {
  if (isBuilt) return [[ASSET_PATHS.client, readFileSync(BUILT_CLIENT, 'utf8')]];
  const folder = new URL('./client/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [
      `/assets/client/${name}`,
      stripTypeScriptTypes(readFileSync(new URL(name, folder), 'utf8')),
    ]);
}

export function registerAssets(app: FastifyInstance): void {
  const assets: readonly (readonly [string, string, string])[] = [
    [ASSET_PATHS.style, 'text/css; charset=utf-8', readStyle()],
    [ASSET_PATHS.htmx, SCRIPT, readHtmx()],
    ...(client ??= readClient()).map(([path, text]) => [path, SCRIPT, text] as const),
  ];
  for (const [path, type, text] of assets)
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(text),
    );
}
