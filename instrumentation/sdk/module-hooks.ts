// Module hooks: how the classes of the SDK are reached. To the few files that define them one line is appended that
// hands the class over; platform clients and duplicate copies use the same files. The same is done with the one
// function through which each copy of the OpenTelemetry API registers. Node's synchronous loader hooks see every module
// that Node loads, required or imported, in one thread; a loader that reads files itself (tsx and others, for
// CommonJS) compiles them through one method of Node's, which is watched, too.

import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIfThere } from '../process/files.ts';
import type { Register } from '../otel/global-api.ts';
import { guard } from '../process/guard.ts';
import { findBundledApi, type BundledApi } from './bundled.ts';
import { handOverExports } from './entry-exports.ts';
import { importedCommonJs } from './imported-cjs.ts';

export type HookedClass = 'messages' | 'stream' | 'batches' | 'client';

/** Key on globalThis under which the appended line finds us. */
export const HANDOVER = 'tallyspan.node.handover';

interface HookedFile {
  readonly pattern: RegExp;
  readonly hooked: HookedClass;
  readonly className: string;
}
interface Package {
  readonly name: string;
  readonly version: string;
}

/** Files by the end of their path: layouts of 0.20–0.32, 0.33–0.39, 0.50 and later. */
const FILES: readonly HookedFile[] = [
  {
    pattern: /\/resources\/(beta\/)?messages(\/messages)?\.m?js$/,
    hooked: 'messages',
    className: 'Messages',
  },
  { pattern: /\/resources\/(beta\/)?messages\/batches\.m?js$/, hooked: 'batches', className: 'Batches' },
  { pattern: /\/(core\/)?streaming\.m?js$/, hooked: 'stream', className: 'Stream' },
  // Before 0.50 the client's base class was one of the generator's.
  { pattern: /\/core\.m?js$/, hooked: 'client', className: 'APIClient' },
  { pattern: /\/client\.m?js$/, hooked: 'client', className: 'BaseAnthropic' },
];
const SDK_NAME = '@anthropic-ai/sdk';
const API_NAME = '@opentelemetry/api';
const API_FILE = /\/internal\/global-utils\.[cm]?js$/;
/** Copies of the API that a framework has compiled into a file of its own. */
const COMPILED_API = /\/compiled\/@opentelemetry\/api\//;

/** The Claude Agent SDK: modules of one bundle each, and the functions of theirs that begin sessions. */
const AGENT_NAME = '@anthropic-ai/claude-agent-sdk';
const AGENT_FILE = /\/(sdk|core)\.mjs$/;
const AGENT_EXPORTS = ['query', 'startup', 'prewarm'] as const;

/** Frameworks whose agents are objects of one class that an entry of theirs exports. */
interface Framework {
  readonly name: string;
  readonly file: RegExp;
  readonly className: string;
}
const FRAMEWORKS: readonly Framework[] = [
  { name: '@mastra/core', file: /\/@mastra\/core\/dist\/agent\/index\.c?js$/, className: 'Agent' },
  { name: 'ai', file: /\/ai\/dist\/index\.m?js$/, className: 'ToolLoopAgent' },
];

const CANDIDATES = [
  ...FILES.map(({ pattern }) => pattern),
  API_FILE,
  COMPILED_API,
  ...FRAMEWORKS.map(({ file }) => file),
];

type LoadHook = (
  url: string,
  context: object,
  next: (
    url: string,
    context: object,
  ) => { format?: string | null; source?: string | ArrayBuffer | NodeJS.TypedArray | null },
) => ReturnType<typeof next>;

type Compile = (this: object, content: unknown, filename: string, ...rest: unknown[]) => unknown;

export interface ModuleWatcher {
  /** Called with each class of each copy of the SDK as it is defined. */
  onClass(hooked: HookedClass, definedClass: unknown, version: string): void;
  /** Called with the class of a framework's agents. */
  onAgentClass(framework: string, agentClass: unknown, version: string): void;
  /** Called once for each copy of the SDK. */
  onSdk(version: string, folder: string): void;
  /** Called before the program can take a tracer from a copy of the API. */
  onApi(): void;
  /** Called before a file runs that has a copy of the API compiled into it. */
  onBundledApi(found: BundledApi): void;
  /** Called with the URL of each file that is loaded. */
  onFile(url: string): void;
  /** The function to export in the place of one of the Claude Agent SDK's. */
  wrapAgentExport(name: string, original: unknown, version: string): unknown;
  /** The function to use in the place of a copy's registering function. */
  wrapRegister(register: Register, version: string): Register;
}

export function hookModules(watcher: ModuleWatcher): void {
  const packages = new Map<string, Package>();
  const packageOf = (path: string): Package | undefined => {
    const folder = packageFolder(path);
    if (folder === undefined) return undefined;
    const known = packages.get(folder);
    if (known !== undefined) return known;
    const { name = '', version = '' } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as Partial<Package>;
    const found = { name, version };
    packages.set(folder, found);
    if (name === SDK_NAME) watcher.onSdk(version, folder);
    return found;
  };

  (globalThis as Record<symbol, unknown>)[Symbol.for(HANDOVER)] = (
    hooked: HookedClass | 'api' | 'agent' | 'framework',
    value: unknown,
    version: string,
    name: string,
  ) =>
    guard('hand over', () => {
      if (hooked === 'agent') return watcher.wrapAgentExport(name, value, version);
      if (hooked === 'framework') {
        watcher.onAgentClass(name, value, version);
        return undefined;
      }
      if (hooked === 'api') {
        watcher.onApi();
        return watcher.wrapRegister(value as Register, version);
      }
      watcher.onClass(hooked, value, version);
      return undefined;
    });

  /** The line for a file, where it is one of those. @param scope how the file names what it exports */
  const lineFor = (path: string, scope: string): string | undefined => {
    const framework = FRAMEWORKS.find(({ file }) => file.test(path.replaceAll('\\', '/')));
    if (framework !== undefined) {
      const { name, version = '' } = packageOf(path) ?? {};
      return name === framework.name ? frameworkLine(path, scope, framework, version) : undefined;
    }
    const file = FILES.find(({ pattern }) => pattern.test(path.replaceAll('\\', '/')));
    if (file === undefined && !API_FILE.test(path.replaceAll('\\', '/'))) return undefined;
    const { name, version = '' } = packageOf(path) ?? {};
    if (name !== (file === undefined ? API_NAME : SDK_NAME)) return undefined;
    return file === undefined ? apiLine(scope, version) : classLine(scope, version, file);
  };

  const textOfImported = importedCommonJs(process.argv[1]);
  /** CommonJS that has gone through the hook and is about to be compiled. */
  const seen = new Set<string>();
  const load: LoadHook = (url, context, next) => {
    const result = next(url, context);
    if (!url.startsWith('file:')) return result;
    if (result.format === 'commonjs' && result.source != null)
      guard('seen module', () => seen.add(fileURLToPath(url)));
    const imported = guard('imported module', () =>
      textOfImported(url, context, result.format, () =>
        result.source == null ? readFileSync(fileURLToPath(url), 'utf8') : textOf(result.source),
      ),
    );
    // Its own loading comes by here, too.
    if (imported !== undefined) return { ...result, source: imported };
    watcher.onFile(url);
    if (AGENT_FILE.test(url)) {
      const source = guard('hook agent module', () => {
        const path = fileURLToPath(url);
        const { name, version = '' } = packageOf(path) ?? {};
        if (name !== AGENT_NAME) return undefined;
        const original = result.source == null ? readFileSync(path, 'utf8') : textOf(result.source);
        return handOverExports(original, AGENT_EXPORTS, (exported, reference) =>
          agentExport(exported, reference, version),
        );
      });
      // A file of that name may be the SDK's as well.
      if (source !== undefined) return { ...result, source };
    }
    if (result.source != null && !url.includes('/node_modules/')) {
      const { source } = result;
      guard('search module', () => {
        const found = findBundledApi(textOf(source));
        if (found !== undefined) watcher.onBundledApi(found);
      });
    }
    if (!isCandidate(url)) return result;
    return (
      guard('hook module', () => {
        const path = fileURLToPath(url);
        if (COMPILED_API.test(url)) {
          const found = findBundledApi(
            result.source == null ? readFileSync(path, 'utf8') : textOf(result.source),
          );
          if (found !== undefined) watcher.onBundledApi(found);
        }
        const line = lineFor(path, result.format === 'module' ? '' : 'exports.');
        if (line === undefined) return result;
        const source = result.source == null ? readFileSync(path, 'utf8') : textOf(result.source);
        return { ...result, source: `${source}\n;${line}\n` };
      }) ?? result
    );
  };
  nodeModule.registerHooks({ load: load as never });
  watchCompile(seen, (path, content) => {
    if (!path.includes('node_modules')) {
      const found = findBundledApi(content);
      if (found !== undefined) watcher.onBundledApi(found);
    }
    const url = `file://${path.replaceAll('\\', '/')}`;
    watcher.onFile(url);
    return isCandidate(url) ? lineFor(path, 'module.exports.') : undefined;
  });
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

/** Whether a file may be one to append to, by the end of its path alone. */
function isCandidate(url: string): boolean {
  return CANDIDATES.some((pattern) => pattern.test(url));
}

function classLine(scope: string, version: string, { hooked, className }: HookedFile): string {
  const reference = `${scope}${className}`;
  return `globalThis[Symbol.for('${HANDOVER}')]?.('${hooked}', typeof ${reference} === 'undefined' ? undefined : ${reference}, ${JSON.stringify(version)});`;
}

/** A module that hands on what another defines has no name for it: it asks itself. */
function frameworkLine(path: string, scope: string, { name, className }: Framework, version: string): string {
  const call = (holder: string): string =>
    `globalThis[Symbol.for('${HANDOVER}')]?.('framework', ${holder}.${className}, ${JSON.stringify(version)}, '${name}');`;
  return scope === ''
    ? `import * as tallyspanSelf from './${basename(path)}';${call('tallyspanSelf')}`
    : call('module.exports');
}

function agentExport(exported: string, reference: string, version: string): string {
  return `globalThis[Symbol.for('${HANDOVER}')]?.('agent', ${reference}, ${JSON.stringify(version)}, '${exported}') ?? ${reference}`;
}

/** The other modules of the API read the function again each time, so that it can be replaced in its own. */
function apiLine(scope: string, version: string): string {
  const reference = `${scope}registerGlobal`;
  return `${reference} = globalThis[Symbol.for('${HANDOVER}')]?.('api', ${reference}, ${JSON.stringify(version)}) ?? ${reference};`;
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
