// The service: which program this is, as an OpenTelemetry resource. The standard variables win;
// without them the nearest package.json of the program names it.

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
  /** False when nothing names the program. */
  readonly isNamed: boolean;
}

export function detectService(mainFile: string | undefined): Service {
  const fromEnvironment = detectResources({ detectors: [envDetector] }).attributes;
  const manifest = mainFile === undefined ? undefined : nearestManifest(dirname(mainFile));
  const text = (key: string): string | undefined => {
    const value = fromEnvironment[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const named = text('service.name') ?? manifest?.name;
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
  return { name, version, revision, instanceId, resource, isNamed: named !== undefined };
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
    const text = readIfThere(join(at, 'package.json'));
    if (text !== undefined) return parseManifest(text);
    if (dirname(at) === at) return undefined;
  }
}

function parseManifest(text: string): Manifest {
  const raw = JSON.parse(text) as Record<string, unknown>;
  const word = (key: string): string | undefined => {
    const value = raw[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return { name: word('name'), version: word('version') };
}
