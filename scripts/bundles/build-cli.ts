// Bundles the tallyspan program: `main.js` (checks the Node version in syntax that any Node reads), `statusline.js` (the
// status line, small), `program.js` (everything else, the embedded server included) and what its pages load: `client.js` and
// `style/`.

import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stackFiles } from '../../collector/stack-files.ts';
import { buildBundles, root, type Bundle } from './bundle.ts';
import { writeLicenceNotices } from './licence-notices.ts';

const outDir = path.join(root, 'cli/dist');

/** Writes cli/dist. Native and browser packages stay outside the bundle: they are found at run time. */
export async function buildCli(): Promise<Bundle[]> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const bundles = await buildBundles({
    entryPoints: [path.join(root, 'cli/program.ts')],
    outfile: path.join(outDir, 'program.js'),
    format: 'esm',
    external: ['@duckdb/*', 'htmx.org', '@pydantic/genai-prices', '@tallyspan/node', '@anthropic-ai/sdk'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // Bundled CommonJS packages call require for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'linked',
    // A process holds the text of its program, and comments of packages are a quarter of it. Lines stay short: Node shows the
    // line of an error that nobody caught.
    minifyWhitespace: true,
    lineLimit: 200,
  });
  await escapeBeyondAscii(path.join(outDir, 'program.js'));
  const statusLine = await buildBundles({
    entryPoints: [path.join(root, 'cli/statusline.ts')],
    outfile: path.join(outDir, 'statusline.js'),
    format: 'esm',
    minify: true,
  });
  const guard = await buildBundles({
    entryPoints: [path.join(root, 'cli/guard.ts')],
    outfile: path.join(outDir, 'guard.js'),
    format: 'esm',
    minify: true,
  });
  const client = await buildBundles({
    entryPoints: [path.join(root, 'server/web/client/main.ts')],
    outfile: path.join(outDir, 'client.js'),
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    minify: true,
  });
  bundles.push(...statusLine, ...guard, ...client);
  await writeLicenceNotices(bundles, path.join(outDir, 'NOTICES.txt'));
  for (const name of ['main.js', 'memory-settings.json'])
    await cp(path.join(root, 'cli', name), path.join(outDir, name));
  await cp(path.join(root, 'examples/support-agent.mjs'), path.join(outDir, 'support-agent.mjs'));
  await cp(path.join(root, 'server/web/style'), path.join(outDir, 'style'), { recursive: true });
  for (const file of stackFiles(root)) {
    const target = path.join(outDir, 'stack', file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, file.content);
  }
  return bundles;
}

/**
 * esbuild escapes what is beyond ASCII in strings and leaves it in regular expressions. One such character, and V8 holds
 * the whole text in two bytes for each character.
 */
async function escapeBeyondAscii(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const escaped = text.replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  await writeFile(file, escaped);
}
