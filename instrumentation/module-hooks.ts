// Module hooks: how the classes of the SDK are reached. Node's synchronous loader hooks see every module,
// required or imported, in one thread; to the few files that define the classes one line is appended
// that hands the class over. Platform clients and duplicate copies use the same files.

import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIfThere } from './files.ts';
import { guard } from './guard.ts';

export type HookedClass = 'messages' | 'stream' | 'batches';

/** Key on globalThis under which the appended line finds us. */
export const HANDOVER = 'tallyspan.node.handover';

/** Files by the end of their path: layouts of 0.20–0.32, 0.33–0.39, 0.50 and later. */
const FILES: readonly {
  readonly pattern: RegExp;
  readonly hooked: HookedClass;
  readonly className: string;
}[] = [
  {
    pattern: /\/resources\/(beta\/)?messages(\/messages)?\.m?js$/,
    hooked: 'messages',
    className: 'Messages',
  },
  { pattern: /\/resources\/(beta\/)?messages\/batches\.m?js$/, hooked: 'batches', className: 'Batches' },
  { pattern: /\/(core\/)?streaming\.m?js$/, hooked: 'stream', className: 'Stream' },
];
const SDK_NAME = '@anthropic-ai/sdk';

type LoadHook = (
  url: string,
  context: object,
  next: (
    url: string,
    context: object,
  ) => { format?: string | null; source?: string | ArrayBuffer | NodeJS.TypedArray | null },
) => ReturnType<typeof next>;

/** Calls `onClass` with each class of each copy of the SDK as it is defined; `onSdk` with each copy's version. */
export function hookSdk(
  onClass: (hooked: HookedClass, definedClass: unknown) => void,
  onSdk: (version: string, folder: string) => void,
): void {
  const seen = new Map<string, boolean>();
  const isSdk = (path: string): boolean => {
    const folder = packageFolder(path);
    if (folder === undefined) return false;
    const known = seen.get(folder);
    if (known !== undefined) return known;
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name?: string;
      version?: string;
    };
    seen.set(folder, name === SDK_NAME);
    if (name === SDK_NAME) onSdk(version ?? '', folder);
    return name === SDK_NAME;
  };

  (globalThis as Record<symbol, unknown>)[Symbol.for(HANDOVER)] = (
    hooked: HookedClass,
    definedClass: unknown,
  ) => {
    guard('hand over class', () => {
      onClass(hooked, definedClass);
    });
  };

  const load: LoadHook = (url, context, next) => {
    const result = next(url, context);
    const file = FILES.find(({ pattern }) => pattern.test(url));
    if (file === undefined || !url.startsWith('file:')) return result;
    return (
      guard('hook module', () => {
        const path = fileURLToPath(url);
        if (!isSdk(path)) return result;
        const source = result.source == null ? readFileSync(path, 'utf8') : textOf(result.source);
        const reference = result.format === 'module' ? file.className : `exports.${file.className}`;
        const line = `globalThis[Symbol.for('${HANDOVER}')]?.('${file.hooked}', typeof ${reference} === 'undefined' ? undefined : ${reference});`;
        return { ...result, source: `${source}\n;${line}\n` };
      }) ?? result
    );
  };
  nodeModule.registerHooks({ load: load as never });
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}

/** Folder of the package that a file belongs to: the nearest one above with a named package.json. */
function packageFolder(path: string): string | undefined {
  for (let at = dirname(path); ; at = dirname(at)) {
    const text = readIfThere(join(at, 'package.json'));
    if (text !== undefined && (JSON.parse(text) as { name?: string }).name !== undefined) return at;
    if (dirname(at) === at) return undefined;
  }
}
