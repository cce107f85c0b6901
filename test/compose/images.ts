// Images of the stack for tests, and the two commands that run them. A real image is used where it is there or can be pulled; else an image of
// the same name is made from the binary that this machine built, in an empty file system, so that the
// compose file runs unchanged. The test output says which kind ran.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeWhere } from '../fixtures/describe-where.ts';
import { buildCollector, buildCompose, buildLoki, hasGo } from '../stack/build-servers.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';

export type ImageKind = 'vendor' | 'built here' | 'missing';

const BUILT_LABEL = 'tallyspan.test.image';
const REGISTRY = 'https://registry-1.docker.io/v2/';
const REGISTRY_TIMEOUT_MS = 3000;
const PULL_TIMEOUT_MS = 120_000;
/** A static Tempo that was built elsewhere. */
const TEMPO_BINARY = process.env['TEMPO_BINARY'] ?? '';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runDocker(args: readonly string[], cwd?: string): CommandResult {
  return run('docker', args, cwd);
}

function run(command: string, args: readonly string[], cwd?: string): CommandResult {
  return spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

const hasEngine = runDocker(['info', '--format', '{{.ServerVersion}}']).status === 0;

/** `describe` for tests that need a Docker engine and no compose. */
export function describeWithEngine(name: string, body: () => void): void {
  describeWhere(hasEngine, 'containers', 'no Docker engine answers')(name, body);
}

/** Runs compose with these arguments in a folder. */
export type Compose = (args: readonly string[], cwd: string) => CommandResult;

/** Compose, as a plugin of docker or as the same program built from its module; a text says why there is none. */
export async function findCompose(): Promise<Compose | string> {
  if (!hasEngine) return 'no Docker engine answers';
  if (runDocker(['compose', 'version']).status === 0) {
    return (args, cwd) => runDocker(['compose', ...args], cwd);
  }
  if (!hasGo()) return 'docker has no compose plugin, and go is not installed';
  try {
    const binary = await buildCompose();
    return (args, cwd) => run(binary, args, cwd);
  } catch (error) {
    return `docker has no compose plugin, and it cannot be built: ${String(error).slice(0, 300)}`;
  }
}

let isRegistryReachable: Promise<boolean> | undefined;

/** Whether anything answers where images come from: without an answer every pull would wait for its timeout. */
export async function canPull(): Promise<boolean> {
  isRegistryReachable ??= fetch(REGISTRY, { signal: AbortSignal.timeout(REGISTRY_TIMEOUT_MS) }).then(
    () => true,
    () => false,
  );
  return isRegistryReachable;
}

/** Makes sure that an image is there, and says of which kind it is. */
export async function ensureImage(tag: string): Promise<ImageKind> {
  const label = runDocker(['image', 'inspect', '--format', `{{index .Config.Labels "${BUILT_LABEL}"}}`, tag]);
  if (label.status === 0) return label.stdout.trim() === 'built' ? 'built here' : 'vendor';
  if (
    (await canPull()) &&
    spawnSync('docker', ['pull', tag], { stdio: 'ignore', timeout: PULL_TIMEOUT_MS }).status === 0
  ) {
    return 'vendor';
  }
  const [name, recipe] = Object.entries(RECIPES).find(([image]) => tag.startsWith(`${image}:`)) ?? [];
  if (recipe === undefined || (name === 'grafana/tempo' && TEMPO_BINARY === '')) return 'missing';
  const folder = makeTemporaryFolder('image');
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM scratch\nLABEL ${BUILT_LABEL}=built\n${await recipe(folder)}`,
  );
  const { status, stderr } = runDocker(['build', '--tag', tag, folder]);
  if (status !== 0) throw new Error(`docker build of ${tag} failed:\n${stderr}`);
  return 'built here';
}

type Recipe = (folder: string) => Promise<string>;

/** What stands in each image: the paths, the user's folders and the entry point of the vendor's. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'grafana/loki': async (folder) => {
    copyFileSync(await buildLoki(), join(folder, 'loki'));
    makeFolders(folder, ['data', 'tmp']);
    return [
      'COPY loki /usr/bin/loki',
      'COPY --chown=10001:10001 data /loki',
      'COPY --chown=10001:10001 tmp /tmp',
      'USER 10001',
      'ENTRYPOINT ["/usr/bin/loki"]',
    ].join('\n');
  },
  'otel/opentelemetry-collector-contrib': async (folder) => {
    copyFileSync(await buildCollector(), join(folder, 'otelcol'));
    return 'COPY otelcol /otelcol-contrib\nUSER 10001:10001\nENTRYPOINT ["/otelcol-contrib"]';
  },
  'grafana/tempo': (folder) => {
    copyFileSync(TEMPO_BINARY, join(folder, 'tempo'));
    makeFolders(folder, ['data', 'tmp']);
    return Promise.resolve(
      [
        'COPY tempo /tempo',
        'COPY --chown=10001:10001 data /var/tempo',
        'COPY --chown=10001:10001 tmp /tmp',
        'USER 10001:10001',
        'ENTRYPOINT ["/tempo"]',
      ].join('\n'),
    );
  },
  node: (folder) => {
    const libraries = spawnSync('ldd', [process.execPath], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
    for (const path of libraries) {
      mkdirSync(join(folder, 'root', dirname(path)), { recursive: true });
      copyFileSync(path, join(folder, 'root', path));
    }
    mkdirSync(join(folder, 'root/usr/local/bin'), { recursive: true });
    copyFileSync(process.execPath, join(folder, 'root/usr/local/bin/node'));
    return Promise.resolve('COPY root /\nENV PATH=/usr/local/bin\nCMD ["node"]');
  },
};

function makeFolders(folder: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name));
    // An empty folder is not sent to the engine.
    writeFileSync(join(folder, name, '.keep'), '');
  }
}
