// Packages of the agent's project that matter: the SDK and its copies, our package, the OpenTelemetry API,
// and instrumentations of others that would see the same calls.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DoctorFinding } from './finding.ts';
import { packedPackages } from './plug-and-play.ts';

/** An installed package. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly dir: string;
}

const SDK = '@anthropic-ai/sdk';
const OTEL_API = '@opentelemetry/api';
const PRELOAD = '@tallyspan/node';
const OTHERS = [
  '@traceloop/instrumentation-anthropic',
  '@arizeai/openinference-instrumentation-anthropic',
  'openlit',
  'dd-trace',
  '@sentry/node',
  'langsmith',
  'braintrust',
] as const;
const WATCHED: ReadonlySet<string> = new Set([SDK, OTEL_API, PRELOAD, ...OTHERS]);
const OLDEST_SDK = [0, 20, 9] as const;
const FIRST_NATIVE_SDK = [0, 134, 0] as const;
const DEPTH_LIMIT = 6;

/** The packages we watch, wherever they are under `dir` or in a `node_modules` above it. */
export async function findPackages(dir: string): Promise<Installed[]> {
  const found = new Map<string, Installed>();
  for (const { name, dir: packed } of packedPackages()) await note(name, packed, found);
  for (let at = path.resolve(dir); ; at = path.dirname(at)) {
    await collect(path.join(at, 'node_modules'), found, 0);
    if (path.dirname(at) === at) break;
  }
  return [...found.values()];
}

async function collect(modules: string, found: Map<string, Installed>, depth: number): Promise<void> {
  if (depth > DEPTH_LIMIT) return;
  const entries = await readdir(modules, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isFile() || entry.name.startsWith('.')) continue;
    const dir = path.join(modules, entry.name);
    if (entry.name.startsWith('@')) {
      const scoped = await readdir(dir).catch(() => []);
      for (const name of scoped) await visit(`${entry.name}/${name}`, path.join(dir, name), found, depth);
    } else await visit(entry.name, dir, found, depth);
  }
}

async function visit(name: string, dir: string, found: Map<string, Installed>, depth: number): Promise<void> {
  await note(name, dir, found);
  await collect(path.join(dir, 'node_modules'), found, depth + 1);
}

async function note(name: string, dir: string, found: Map<string, Installed>): Promise<void> {
  if (!WATCHED.has(name) || found.has(dir)) return;
  const version = await readVersion(dir);
  if (version !== undefined) found.set(dir, { name, version, dir });
}

async function readVersion(dir: string): Promise<string | undefined> {
  try {
    const manifest = JSON.parse(await readFile(path.join(dir, 'package.json'), 'utf8')) as {
      version?: unknown;
    };
    return typeof manifest.version === 'string' ? manifest.version : undefined;
  } catch {
    return undefined;
  }
}

/** What the installed packages mean for the observation of this project. */
export function checkPackages(installed: readonly Installed[]): DoctorFinding[] {
  const named = (name: string): Installed[] => installed.filter((one) => one.name === name);
  return [
    checkSdk(named(SDK)),
    checkPreload(named(PRELOAD)),
    ...checkApi(named(OTEL_API)),
    ...checkOthers(installed),
  ];
}

function checkSdk(copies: readonly Installed[]): DoctorFinding {
  if (copies.length === 0) {
    return {
      check: 'sdk',
      verdict: 'warn',
      what: `${SDK} is not installed here`,
      advice:
        'Run doctor in the folder of the agent. A bundled agent is observed through the native spans only.',
    };
  }
  const tooOld = copies.find((copy) => isOlder(copy.version, OLDEST_SDK));
  if (tooOld) {
    return {
      check: 'sdk',
      verdict: 'fail',
      what: `${SDK} ${tooOld.version} is older than ${OLDEST_SDK.join('.')}: its calls are not observed`,
      advice: 'Upgrade it, or wrap calls with run().',
    };
  }
  const list = copies
    .map(
      ({ version }) =>
        `${version} (${isOlder(version, FIRST_NATIVE_SDK) ? 'own spans' : 'native spans, enriched'})`,
    )
    .join(', ');
  const count = copies.length === 1 ? '' : `, ${String(copies.length)} copies, each observed`;
  return { check: 'sdk', verdict: 'ok', what: `${SDK} ${list}${count}` };
}

function checkPreload(copies: readonly Installed[]): DoctorFinding {
  const [first, second] = copies;
  if (first === undefined) {
    return {
      check: 'preload',
      verdict: 'fail',
      what: `${PRELOAD} is not installed here`,
      advice: `npm install ${PRELOAD}, then start the agent with --import ${PRELOAD}/register.`,
    };
  }
  return second === undefined
    ? { check: 'preload', verdict: 'ok', what: `${PRELOAD} ${first.version}` }
    : {
        check: 'preload',
        verdict: 'warn',
        what: `${PRELOAD} is installed ${String(copies.length)} times; the first one loaded is used`,
        advice: 'npm dedupe',
      };
}

function checkApi(copies: readonly Installed[]): DoctorFinding[] {
  const versions = new Set(copies.map(({ version }) => version));
  if (versions.size < 2) return [];
  return [
    {
      check: 'opentelemetry-api',
      verdict: 'warn',
      what: `${OTEL_API} is here as ${[...versions].join(', ')}: an older global drops the spans of newer users`,
      advice: `Make it one version: npm dedupe, or an override to the newest.`,
    },
  ];
}

function checkOthers(installed: readonly Installed[]): DoctorFinding[] {
  const others = new Set(
    installed.filter(({ name }) => (OTHERS as readonly string[]).includes(name)).map(({ name }) => name),
  );
  return [...others].map((name) => ({
    check: 'other-instrumentation',
    verdict: 'warn',
    what: `${name} is installed and may record the same calls`,
    advice: 'Cost is counted once all the same. Turn its Anthropic part off if you see two spans per call.',
  }));
}

function isOlder(version: string, than: readonly [number, number, number]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, limit] of than.entries()) {
    const part = parts[index] ?? 0;
    if (part !== limit) return part < limit;
  }
  return false;
}
