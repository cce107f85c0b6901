// Loki and Tempo, which are no part of this repository and are never built by it: a server that runs already
// (LOKI_URL), a binary (LOKI_BINARY), one in the cache folder of the built servers (`loki-<version>/loki`), or the
// vendor's image where it is there or can be pulled; the first of these that there is. The same for Tempo.

import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './build-servers.ts';
import { pullImage } from './docker.ts';

export const LOKI_VERSION = '3.7.6';
export const TEMPO_VERSION = '3.0.3';

export type ServerName = 'loki' | 'tempo';

/** One that runs elsewhere: its data are not ours alone, and it cannot be stopped. */
export interface RunningElsewhere {
  readonly kind: 'url';
  readonly url: string;
}

/** One that a test starts and stops. */
export type Startable =
  { readonly kind: 'binary'; readonly path: string } | { readonly kind: 'image'; readonly tag: string };

const VERSIONS: Readonly<Record<ServerName, string>> = { loki: LOKI_VERSION, tempo: TEMPO_VERSION };

/** The vendor's image, as `docker-compose.yml` names it. */
export function imageOf(name: ServerName): string {
  return `grafana/${name}:${VERSIONS[name]}`;
}

/** The address in LOKI_URL or TEMPO_URL, without a slash at its end. */
export function findRunning(name: ServerName): RunningElsewhere | undefined {
  const url = (process.env[`${name.toUpperCase()}_URL`] ?? '').replace(/\/+$/, '');
  return url === '' ? undefined : { kind: 'url', url };
}

const found = new Map<ServerName, Promise<Startable | string>>();

/** One that can be started here; a text says why there is none. Pulls the image where nothing else is there. */
export async function findStartable(name: ServerName): Promise<Startable | string> {
  let search = found.get(name);
  if (search === undefined) {
    search = searchStartable(name);
    found.set(name, search);
  }
  return search;
}

async function searchStartable(name: ServerName): Promise<Startable | string> {
  const binary = findBinary(name);
  if (binary?.why !== undefined) return binary.why;
  if (binary !== undefined) {
    say(name, binary.from);
    return { kind: 'binary', path: binary.path };
  }
  const tag = imageOf(name);
  const pulled = await pullImage(tag);
  if (pulled !== true) {
    const upper = name.toUpperCase();
    return `neither ${upper}_URL nor ${upper}_BINARY is set, ${cachedName(name)} is not in the cache folder, and ${pulled}`;
  }
  say(name, `image ${tag}`);
  return { kind: 'image', tag };
}

interface FoundBinary {
  readonly path: string;
  readonly from: string;
  /** Set when it cannot be used. */
  readonly why?: string;
}

/** The binary that a variable names, or the one in the cache folder. A variable with a wrong path is never passed over. */
export function findBinary(name: ServerName): FoundBinary | undefined {
  const variable = `${name.toUpperCase()}_BINARY`;
  const named = process.env[variable] ?? '';
  if (named !== '') {
    const why = isExecutable(named) ? undefined : `${variable} names no file that can be executed: ${named}`;
    return { path: named, from: `binary of ${variable}`, ...(why !== undefined && { why }) };
  }
  const path = join(cacheFolder(), cachedName(name));
  return isExecutable(path) ? { path, from: `binary ${cachedName(name)} of the cache folder` } : undefined;
}

function cachedName(name: ServerName): string {
  return `${name}-${VERSIONS[name]}/${name}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function say(name: ServerName, kind: string): void {
  process.stderr.write(`${name}: ${kind}\n`);
}
