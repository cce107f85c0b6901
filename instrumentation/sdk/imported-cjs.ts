// CommonJS that ES modules import, in versions of Node that confuse the order of such modules as soon as anybody watches
// loading: one that is imported and required is then seen without its exports. There the import is handed to the loader
// of CommonJS, which gets the order right; the text stays below, for whoever reads the names of its exports from it.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard } from '../process/guard.ts';
import { isOlderNode } from '../process/node-version.ts';

const HAND_OVER =
  '{const own=globalThis.process.getBuiltinModule("node:module");delete own._cache[__filename];' +
  'module.exports=own.createRequire(__filename)(__filename);return}';

/**
 * Makes the function that gives the text to load in the place of a module's; `undefined` where it is to be loaded as ever.
 * The program itself stays what it is: it may ask whether it is `require.main`.
 */
export function importedCommonJs(
  program: string | undefined,
): (url: string, context: object, format: unknown, text: () => string) => string | undefined {
  if (!isOlderNode()) return () => undefined;
  const main =
    program === undefined
      ? undefined
      : guard('program', () => createRequire(join(process.cwd(), 'x')).resolve(program));
  return (url, context, format, text) => {
    if (format !== 'commonjs' || !isImport(context) || fileURLToPath(url) === main) return undefined;
    // The one line that may only be the first.
    return `${HAND_OVER}${text().replace(/^#!.*/, '')}`;
  };
}

/** The conditions are a list or a set. */
function isImport(context: object): boolean {
  const { conditions = [] } = context as { readonly conditions?: Iterable<string> };
  return [...conditions].includes('import');
}
