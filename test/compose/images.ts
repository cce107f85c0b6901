// Images of the stack for tests. A real image is used where it is there or can be pulled; else an image of the same
// name is made from a binary that this machine has, in an empty file system, so that the compose file runs
// unchanged. The test output says which kind ran.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeWhere, type Describe } from '../fixtures/describe-where.ts';
import { buildCollector, buildCompose, hasGo } from '../stack/build-servers.ts';
import { hasEngine, pullImage, runCommand, runDocker, type CommandResult } from '../stack/docker.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { findBinary, type ServerName } from '../stack/found-server.ts';

export type ImageKind = 'vendor' | 'built here' | 'missing';

const BUILT_LABEL = 'tallyspan.test.image';
/** `describe` for tests that need a Docker engine, this image and no compose. */
export async function describeWithImage(tag: string): Promise<Describe> {
  const why = hasEngine() ? await whyWithoutImage(tag) : 'no Docker engine answers';
  return describeWhere(why === undefined, 'containers', why ?? '');
}

/** Why an image is not to be had; undefined when it is there now. */
export async function whyWithoutImage(tag: string): Promise<string | undefined> {
  return (await ensureImage(tag)) === 'missing'
    ? `${tag} cannot be pulled, and there is no binary to make it from`
    : undefined;
}

/** Runs compose with these arguments in a folder. */
export type Compose = (args: readonly string[], cwd: string) => CommandResult;

/** Compose, as a plugin of docker or as the same program built from its module; a text says why there is none. */
export async function findCompose(): Promise<Compose | string> {
  if (!hasEngine()) return 'no Docker engine answers';
  if (runDocker(['compose', 'version']).status === 0) {
    return (args, cwd) => runDocker(['compose', ...args], cwd);
  }
  if (!hasGo()) return 'docker has no compose plugin, and go is not installed';
  try {
    const binary = await buildCompose();
    return (args, cwd) => runCommand(binary, args, cwd);
  } catch (error) {
    return `docker has no compose plugin, and it cannot be built: ${String(error).slice(0, 300)}`;
  }
}

/** Makes sure that an image is there, and says of which kind it is. */
export async function ensureImage(tag: string): Promise<ImageKind> {
  const label = runDocker(['image', 'inspect', '--format', `{{index .Config.Labels "${BUILT_LABEL}"}}`, tag]);
  if (label.status === 0) return label.stdout.trim() === 'built' ? 'built here' : 'vendor';
  if ((await pullImage(tag)) === true) return 'vendor';
  const [, recipe] = Object.entries(RECIPES).find(([image]) => tag.startsWith(`${image}:`)) ?? [];
  if (recipe === undefined) return 'missing';
  const folder = makeTemporaryFolder('image');
  const content = await recipe(folder);
  if (content === undefined) return 'missing';
  writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\nLABEL ${BUILT_LABEL}=built\n${content}`);
  const { status, stderr } = runDocker(['build', '--tag', tag, folder]);
  if (status !== 0) throw new Error(`docker build of ${tag} failed:\n${stderr}`);
  return 'built here';
}

/** Undefined where the binary is not to be had. */
type Recipe = (folder: string) => Promise<string | undefined>;

/** What stands in each image: the paths, the user's folders and the entry point of the vendor's. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'grafana/loki': (folder) => serverImage(folder, 'loki', { binary: '/usr/bin/loki', data: '/loki' }),
  'otel/opentelemetry-collector-contrib': async (folder) => {
    copyFileSync(await buildCollector(), join(folder, 'otelcol'));
    return 'COPY otelcol /otelcol-contrib\nUSER 10001:10001\nENTRYPOINT ["/otelcol-contrib"]';
  },
  'grafana/tempo': (folder) => serverImage(folder, 'tempo', { binary: '/tempo', data: '/var/tempo' }),
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

/** A static binary of Loki or Tempo that this machine has. */
function serverImage(
  folder: string,
  name: ServerName,
  paths: { readonly binary: string; readonly data: string },
): Promise<string | undefined> {
  const found = findBinary(name);
  if (found === undefined || found.why !== undefined) return Promise.resolve(undefined);
  copyFileSync(found.path, join(folder, name));
  makeFolders(folder, ['data', 'tmp']);
  return Promise.resolve(
    [
      `COPY ${name} ${paths.binary}`,
      `COPY --chown=10001:10001 data ${paths.data}`,
      'COPY --chown=10001:10001 tmp /tmp',
      'USER 10001:10001',
      `ENTRYPOINT ["${paths.binary}"]`,
    ].join('\n'),
  );
}

function makeFolders(folder: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name));
    // An empty folder is not sent to the engine.
    writeFileSync(join(folder, name, '.keep'), '');
  }
}
