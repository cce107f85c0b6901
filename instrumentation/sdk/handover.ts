// Handover: the classes of the SDK, of frameworks' agents and of the Agent SDK's sessions, and the one function through which
// each copy of the OpenTelemetry API registers, stand in few files. To each of those a line is added that hands what it
// defines to us; platform clients and duplicate copies use the same files.

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Register } from '../otel/global-api.ts';
import { readIfThere } from '../process/files.ts';
import { guard } from '../process/guard.ts';
import type { BundledApi } from './bundled.ts';
import { handOverExports } from './entry-exports.ts';

/** Key on globalThis under which the added line finds us. */
export const HANDOVER = 'tallyspan.node.handover';

export type HookedClass = 'messages' | 'stream' | 'batches' | 'client';

interface HookedFile {
  readonly pattern: RegExp;
  readonly hooked: HookedClass;
  readonly className: string;
}
interface Package {
  readonly name: string;
  readonly version: string;
}
const NO_PACKAGE: Package = { name: '', version: '' };

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

const CANDIDATES = [...FILES.map(({ pattern }) => pattern), API_FILE, ...FRAMEWORKS.map(({ file }) => file)];

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

/** Called by the added lines; what it gives takes the place of what was handed over. */
type Take = (
  hooked: HookedClass | 'api' | 'agent' | 'framework',
  value: unknown,
  version: string,
  name: string,
) => unknown;

export class Handover {
  readonly #watcher: ModuleWatcher;
  /** By folder. */
  readonly #packages = new Map<string, Package>();

  constructor(watcher: ModuleWatcher) {
    this.#watcher = watcher;
    const take: Take = (...handed) => guard('hand over', () => this.#take(...handed));
    (globalThis as Record<symbol, unknown>)[Symbol.for(HANDOVER)] = take;
  }

  #take(...[hooked, value, version, name]: Parameters<Take>): unknown {
    switch (hooked) {
      case 'agent':
        return this.#watcher.wrapAgentExport(name, value, version);
      case 'framework':
        this.#watcher.onAgentClass(name, value, version);
        return undefined;
      case 'api':
        this.#watcher.onApi();
        return this.#watcher.wrapRegister(value as Register, version);
      default:
        this.#watcher.onClass(hooked, value, version);
        return undefined;
    }
  }

  /** The line for a file, where it is one of those. @param scope how the file names what it exports */
  lineFor(path: string, scope: string): string | undefined {
    const slashed = path.replaceAll('\\', '/');
    const framework = FRAMEWORKS.find(({ file }) => file.test(slashed));
    if (framework !== undefined) {
      const { name, version } = this.#packageOf(path);
      return name === framework.name ? frameworkLine(path, scope, framework, version) : undefined;
    }
    const file = FILES.find(({ pattern }) => pattern.test(slashed));
    if (file !== undefined) {
      const { name, version } = this.#packageOf(path);
      return name === SDK_NAME ? classLine(scope, version, file) : undefined;
    }
    if (!API_FILE.test(slashed)) return undefined;
    const { name, version } = this.#packageOf(path);
    return name === API_NAME ? apiLine(scope, version) : undefined;
  }

  /** The Agent SDK's module with its exports handed over; `undefined` for another file of that name, as the SDK has. */
  agentModule(path: string, source: () => string): string | undefined {
    const { name, version } = this.#packageOf(path);
    if (name !== AGENT_NAME) return undefined;
    return handOverExports(source(), AGENT_EXPORTS, (exported, reference) =>
      agentExport(exported, reference, version),
    );
  }

  #packageOf(path: string): Package {
    const folder = packageFolder(path);
    if (folder === undefined) return NO_PACKAGE;
    const known = this.#packages.get(folder);
    if (known !== undefined) return known;
    const { name = '', version = '' } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as Partial<Package>;
    const found = { name, version };
    this.#packages.set(folder, found);
    if (name === SDK_NAME) this.#watcher.onSdk(version, folder);
    return found;
  }
}

/** Whether a file may be one to add a line to, by the end of its path alone. */
export function mayHandOver(url: string): boolean {
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

/** Whether a file may be a module of the Agent SDK, by its name alone. */
export function mayBeAgentModule(url: string): boolean {
  return AGENT_FILE.test(url);
}

/** Whether a framework has compiled a copy of the OpenTelemetry API into the file. */
export function isCompiledApi(url: string): boolean {
  return COMPILED_API.test(url);
}

/** Folder of the package that a file belongs to: the nearest one above with a named package.json. */
function packageFolder(path: string): string | undefined {
  for (let at = dirname(path); ; at = dirname(at)) {
    const text = readIfThere(join(at, 'package.json'));
    if (text !== undefined && (JSON.parse(text) as { name?: string }).name !== undefined) return at;
    if (dirname(at) === at) return undefined;
  }
}
