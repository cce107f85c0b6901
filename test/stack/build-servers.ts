// Builds the real servers of the tests from their Go modules, once per machine.
// A build lives in a cache folder outside the repository, under a name that holds the version and a
// hash of what defines it (the Collector's manifest, a go.mod), so an edit makes a new one.
// Command line: node test/stack/build-servers.ts [collector] [alertmanager] [prometheus] [compose]
// Loki and Tempo are found, not built: found-server.ts.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFileLock } from '../../scripts/file-lock.ts';

export const COLLECTOR_VERSION = '0.159.0';
export const ALERTMANAGER_VERSION = '0.28.1';
export const COMPOSE_VERSION = '2.40.3';
export const PROMETHEUS_VERSION = '3.13.5';

const HERE = dirname(fileURLToPath(import.meta.url));
const COLLECTOR = join(HERE, '../../collector');
const MANIFEST = join(COLLECTOR, 'manifest.yaml');
const COMPONENTS = join(COLLECTOR, 'components');
const COMPOSE_MODULE = join(HERE, 'compose');
const PROMETHEUS_MODULE = join(HERE, 'prometheus');

/** Whether `go` can be run here. Without it no server can be built. */
export function hasGo(): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;
}

/** Folder that holds the built servers. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tallyspan');
}

/** Path of the Collector binary, built first when it is not there. */
export async function buildCollector(): Promise<string> {
  const name = `otelcol-${COLLECTOR_VERSION}-${digest([MANIFEST, ...listComponentFiles()])}`;
  return buildOnce(name, 'otelcol-tallyspan', async (folder) => {
    const bin = join(folder, 'bin');
    const module = `go.opentelemetry.io/collector/cmd/builder@v${COLLECTOR_VERSION}`;
    await runGo(folder, 'go', ['install', module], { GOBIN: bin });
    cpSync(MANIFEST, join(folder, 'manifest.yaml'));
    cpSync(COMPONENTS, join(folder, 'components'), { recursive: true });
    await runGo(folder, join(bin, 'builder'), ['--config', 'manifest.yaml'], {});
    renameSync(join(folder, 'build/otelcol-tallyspan'), join(folder, 'otelcol-tallyspan'));
    rmSync(join(folder, 'build'), { recursive: true });
    rmSync(join(folder, 'components'), { recursive: true });
    rmSync(bin, { recursive: true });
  });
}

/** Path of the Prometheus binary, built first when it is not there: without what finds targets in clouds. */
export async function buildPrometheus(): Promise<string> {
  return buildModule('prometheus', PROMETHEUS_VERSION, PROMETHEUS_MODULE, {
    command: 'github.com/prometheus/prometheus/cmd/prometheus',
    flags: [
      '-tags',
      'remove_all_sd',
      '-ldflags',
      `-s -w -X github.com/prometheus/common/version.Version=${PROMETHEUS_VERSION}`,
    ],
  });
}

/** Path of Docker Compose as a program of its own, for an engine that came without it. */
export async function buildCompose(): Promise<string> {
  return buildModule('compose', COMPOSE_VERSION, COMPOSE_MODULE, {
    command: 'github.com/docker/compose/v2/cmd',
    flags: ['-ldflags', `-s -w -X github.com/docker/compose/v2/internal.Version=v${COMPOSE_VERSION}`],
  });
}

/** Builds the command of a module of ours, whose go.mod pins every part. */
async function buildModule(
  name: string,
  version: string,
  module: string,
  { command, flags }: { readonly command: string; readonly flags: readonly string[] },
): Promise<string> {
  const files = ['go.mod', 'go.sum'].map((file) => join(module, file));
  return buildOnce(`${name}-${version}-${digest(files)}`, name, async (folder) => {
    cpSync(module, join(folder, 'module'), { recursive: true });
    await runGo(join(folder, 'module'), 'go', ['build', ...flags, '-o', join(folder, name), command], {
      CGO_ENABLED: '0',
    });
    rmSync(join(folder, 'module'), { recursive: true });
  });
}

/** Path of the Alertmanager binary. */
export async function buildAlertmanager(): Promise<string> {
  return buildOnce(`alertmanager-${ALERTMANAGER_VERSION}`, 'alertmanager', async (folder) => {
    const module = `github.com/prometheus/alertmanager/cmd/alertmanager@v${ALERTMANAGER_VERSION}`;
    await runGo(folder, 'go', ['install', module], { GOBIN: folder });
  });
}

function listComponentFiles(): string[] {
  return readdirSync(COMPONENTS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function digest(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** Builds into a folder of its own and renames it at the end: what stands under the name is complete. */
async function buildOnce(
  name: string,
  binary: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const target = join(cacheFolder(), name);
  const path = join(target, binary);
  if (existsSync(path)) return path;
  mkdirSync(cacheFolder(), { recursive: true });
  return withFileLock(`${target}.lock`, async () => {
    if (existsSync(path)) return path;
    const folder = `${target}.${process.pid}`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await build(folder);
    renameSync(folder, target);
    return path;
  });
}

/**
 * The module proxies of the environment without `direct`: a module that the proxy does not have must
 * fail at once, not wait for a host that may be out of reach.
 */
function proxies(): string {
  const { stdout } = spawnSync('go', ['env', 'GOPROXY'], { encoding: 'utf8' });
  const kept = stdout
    .trim()
    .split(/[,|]/)
    .filter((entry) => entry !== 'direct' && entry !== '');
  return kept.length === 0 ? stdout.trim() : kept.join(',');
}

async function runGo(
  folder: string,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, GOPROXY: proxies(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8000);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${code}:\n${output}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  if (hasGo()) {
    if (wanted.length === 0 || wanted.includes('collector')) console.log(await buildCollector());
    if (wanted.length === 0 || wanted.includes('alertmanager')) console.log(await buildAlertmanager());
    if (wanted.length === 0 || wanted.includes('prometheus')) console.log(await buildPrometheus());
    // Only where there is a Docker engine.
    if (wanted.includes('compose')) console.log(await buildCompose());
  } else {
    console.log('SKIP collector because go is not installed');
  }
}
