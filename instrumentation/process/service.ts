// The service: which program this is, as an OpenTelemetry resource. The standard variables win; then what the program
// says to a provider of its own; without both the nearest package.json with a name above the program names it: one that
// only says which modules a folder of built files holds names nothing. A runner that is installed as a package (next, pm2,
// tsx) is not the program: the folder that it was started in is the program's.

import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  type Resource,
} from '@opentelemetry/resources';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { readIfThere } from './files.ts';
import { guard } from './guard.ts';
import { findRevision } from './revision.ts';

export interface Service {
  readonly name: string;
  readonly version: string | undefined;
  /** Commit that the program was built from. */
  readonly revision: string | undefined;
  /** One process; sequence numbers count within it. */
  readonly instanceId: string;
  readonly resource: Resource;
  /** True where the environment names it. */
  readonly isSet: boolean;
  /** False when nothing names the program. */
  readonly isNamed: boolean;
}

/** The service of this process, which a provider of the program may name anew. */
export class ServiceHolder {
  #current: Service;

  constructor(current: Service) {
    this.#current = current;
  }

  get current(): Service {
    return this.#current;
  }

  /** The program has a resource of its own: events are of the same service as its spans. */
  adopt(attributes: Readonly<Record<string, unknown>> | undefined): void {
    const { isSet, resource } = this.#current;
    const { 'service.name': name, 'service.version': version } = attributes ?? {};
    if (isSet || typeof name !== 'string' || name === '' || name.startsWith('unknown_service')) return;
    const own = { 'service.name': name, ...(typeof version === 'string' && { 'service.version': version }) };
    this.#current = {
      ...this.#current,
      name,
      version: typeof version === 'string' ? version : undefined,
      resource: resource.merge(resourceFromAttributes(own)),
      isNamed: true,
    };
  }
}

/** Folder of the program itself: not that of a package which runs it. */
function programFolder(mainFile: string): string {
  const own = process.env['pm_exec_path'] ?? mainFile;
  return /[\\/]node_modules[\\/]/.test(own) ? process.cwd() : dirname(own);
}

export function detectService(mainFile: string | undefined): Service {
  const fromEnvironment = detectResources({ detectors: [envDetector] }).attributes;
  const manifest = mainFile === undefined ? undefined : nearestManifest(programFolder(mainFile));
  const text = (key: string): string | undefined => {
    const value = fromEnvironment[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  // There the main file is the platform's own.
  const lambda = process.env['AWS_LAMBDA_FUNCTION_NAME']?.trim() || undefined;
  const named = text('service.name') ?? lambda ?? manifest?.name;
  const name = named ?? 'unknown_service:node';
  const version = text('service.version') ?? manifest?.version;
  const revision =
    text('vcs.ref.head.revision') ?? guard('revision', () => findRevision(process.env, process.cwd()));
  const instanceId = text('service.instance.id') ?? randomUUID();
  const own = resourceFromAttributes({
    ...fromEnvironment,
    'service.name': name,
    'service.instance.id': instanceId,
    ...(version === undefined ? {} : { 'service.version': version }),
    ...(revision === undefined ? {} : { 'vcs.ref.head.revision': revision }),
  });
  const resource = defaultResource().merge(own);
  return {
    name,
    version,
    revision,
    instanceId,
    resource,
    isSet: text('service.name') !== undefined,
    isNamed: named !== undefined,
  };
}

/** The service as another process of it. */
export function serviceOf(service: Service, instanceId: string): Service {
  const own = resourceFromAttributes({ 'service.instance.id': instanceId });
  return { ...service, instanceId, resource: service.resource.merge(own) };
}

interface Manifest {
  readonly name: string | undefined;
  readonly version: string | undefined;
}

function nearestManifest(folder: string): Manifest | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = guard('package.json', () =>
      parseManifest(readIfThere(join(at, 'package.json')) ?? '{}'),
    );
    if (manifest?.name !== undefined) return manifest;
    if (dirname(at) === at) return undefined;
  }
}

function parseManifest(text: string): Manifest {
  const raw = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  const word = (key: string): string | undefined => {
    const value = raw[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return { name: word('name'), version: word('version') };
}
