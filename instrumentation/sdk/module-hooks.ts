// Module hooks: how the files are reached that hand something over. Node's synchronous loader hooks see every module that Node
// loads, required or imported, in one thread; a loader that reads files itself (tsx and others, for CommonJS) compiles
// them through one method of Node's, which is watched, too.

import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { guard } from '../process/guard.ts';
import { findBundledApi } from './bundled.ts';
import {
  Handover,
  HANDOVER,
  isCompiledApi,
  mayBeAgentModule,
  mayHandOver,
  type ModuleWatcher,
} from './handover.ts';
import { importedCommonJs } from './imported-cjs.ts';

/** What Node's next hook gives for a module. */
interface Loaded {
  readonly format?: string | null;
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null;
}
type LoadHook = (url: string, context: object, next: (url: string, context: object) => Loaded) => Loaded;

type Compile = (this: object, content: unknown, filename: string, ...rest: unknown[]) => unknown;

export function hookModules(watcher: ModuleWatcher): void {
  const handover = new Handover(watcher);
  const textOfImported = importedCommonJs(process.argv[1]);
  /** CommonJS that has gone through the hook and is about to be compiled. */
  const seen = new Set<string>();
  const load: LoadHook = (url, context, next) => {
    const loaded = next(url, context);
    if (!url.startsWith('file:')) return loaded;
    if (loaded.format === 'commonjs' && loaded.source != null)
      guard('seen module', () => seen.add(fileURLToPath(url)));
    const imported = guard('imported module', () =>
      textOfImported(url, context, loaded.format, () => textOf(url, loaded)),
    );
    // Its own loading comes by here, too.
    if (imported !== undefined) return { ...loaded, source: imported };
    watcher.onFile(url);
    if (isCompiledApi(url) || (loaded.source != null && !url.includes('/node_modules/')))
      guard('search module', () => {
        searchFor(watcher, textOf(url, loaded));
      });
    const source = guard('hook module', () => sourceWithHandover(handover, url, loaded));
    return source === undefined ? loaded : { ...loaded, source };
  };
  nodeModule.registerHooks({ load: load as never });
  watchCompile(seen, (path, content) => {
    if (!path.includes('node_modules')) searchFor(watcher, content);
    const url = `file://${path.replaceAll('\\', '/')}`;
    watcher.onFile(url);
    return mayHandOver(url) ? handover.lineFor(path, 'module.exports.') : undefined;
  });
}

/** What is to be loaded in the place of a module that hands something over. */
function sourceWithHandover(handover: Handover, url: string, loaded: Loaded): string | undefined {
  if (mayBeAgentModule(url)) {
    const source = handover.agentModule(fileURLToPath(url), () => textOf(url, loaded));
    if (source !== undefined) return source;
  }
  if (!mayHandOver(url)) return undefined;
  const line = handover.lineFor(fileURLToPath(url), loaded.format === 'module' ? '' : 'exports.');
  return line === undefined ? undefined : `${textOf(url, loaded)}\n;${line}\n`;
}

/** Says that a copy of the OpenTelemetry API is part of a file. */
function searchFor(watcher: ModuleWatcher, source: string): void {
  const found = findBundledApi(source);
  if (found !== undefined) watcher.onBundledApi(found);
}

/**
 * Appends the line to what other loaders compile as CommonJS. What went through Node's own hooks has it already: it gets
 * Node's own method, so that no frame of ours stands in the stacks of the program's errors.
 */
function watchCompile(
  seen: Set<string>,
  lineFor: (path: string, content: string) => string | undefined,
): void {
  const prototype = (nodeModule.Module as unknown as { readonly prototype: { _compile?: Compile } })
    .prototype;
  // oxlint-disable-next-line no-underscore-dangle -- the one way in for loaders that read files themselves
  const compile = prototype._compile;
  if (typeof compile !== 'function') return;
  const watched: Compile = function (content, filename, ...rest) {
    const line = guard('hook compiled module', () =>
      typeof content !== 'string' || content.includes(HANDOVER) ? undefined : lineFor(filename, content),
    );
    return compile.call(
      this,
      line === undefined ? content : `${String(content)}\n;${line}\n`,
      filename,
      ...rest,
    );
  };
  // Node's method has no name: stacks look for it by its value, also further up.
  Object.setPrototypeOf(prototype, {
    __proto__: Object.getPrototypeOf(prototype) as object,
    _compile: compile,
  });
  for (const name of ['name', 'length'] as const)
    Object.defineProperty(watched, name, { value: compile[name], configurable: true });
  Object.defineProperty(prototype, '_compile', {
    configurable: true,
    enumerable: true,
    get(this: { readonly filename?: unknown }) {
      return typeof this.filename === 'string' && seen.delete(this.filename) ? compile : watched;
    },
    set(this: object, value: unknown) {
      Reflect.defineProperty(this, '_compile', {
        configurable: true,
        writable: true,
        enumerable: true,
        value,
      });
    },
  });
}

/** The text of a module; Node gives none of CommonJS that it reads later itself. */
function textOf(url: string, { source }: Loaded): string {
  if (source == null) return readFileSync(fileURLToPath(url), 'utf8');
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}
