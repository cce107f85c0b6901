// Model ids: from the id as a platform writes it to the id of the price table, by one documented
// normalisation and an exact match. Never by prefix: `claude-sonnet-5-9` is not `claude-sonnet-5`.
// EndpointScope: whether the call ran on a global or a regional endpoint, where the id or the region says so.

import type { Platform } from './circumstances.ts';
import { findModel, isListedModel } from '../prices/table.ts';
import { remembered } from '../remembered.ts';

export type EndpointScope = 'global' | 'regional';

export interface ModelId {
  /** Id as the price table has it. */
  readonly id: string;
  /** Platform that the form of the id belongs to; absent when the form is the plain one. */
  readonly platform?: Platform;
  /** EndpointScope that the id itself names. */
  readonly scope?: EndpointScope;
}

export type ModelIdResult =
  ModelId | { readonly reason: 'unknown_model' | 'opaque_inference_profile' | 'gateway' };

const BEDROCK_PROFILES: ReadonlySet<string> = new Set(['global', 'us', 'eu', 'jp', 'au', 'apac', 'us-gov']);
const BEDROCK_ARN = /^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(foundation-model|inference-profile)\/(.+)$/;
const VERTEX_PATH = /^(?:projects\/[^/]+\/locations\/([^/]+)\/)?publishers\/anthropic\/models\/([^/]+)$/;
const DATE_SUFFIX = /^(.+)[-@](20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
const BEDROCK_ID = /^(?:([a-z-]+)\.)?anthropic\.(.+)$/;
const BEDROCK_VERSION_SUFFIX = /-v\d+(?::\d+(?::\d+k)?)?$/;

/**
 * Reads a model id. In this order: the `[1m]` suffix is taken off; a Bedrock ARN or a Vertex resource path
 * is reduced to the id in it; a Bedrock profile prefix, `anthropic.` and a Bedrock version suffix are taken
 * off; a date or `@default`/`@latest` is taken off. What is left must be an id of the table.
 */
export const resolveModelId: (raw: string) => ModelIdResult = remembered(readModelId, 256);

function readModelId(raw: string): ModelIdResult {
  const name = raw.trim().replace(/\[1m\]$/i, '');
  if (name.startsWith('arn:')) {
    const arn = BEDROCK_ARN.exec(name);
    return arn?.[2] === undefined ? { reason: 'opaque_inference_profile' } : resolveBedrockId(arn[2]);
  }
  const vertex = VERTEX_PATH.exec(name);
  if (vertex?.[2] !== undefined) {
    const found = resolvePlainId(vertex[2]);
    if ('reason' in found) return found;
    const scope = vertex[1] === undefined ? undefined : vertex[1] === 'global' ? 'global' : 'regional';
    return { id: found.id, platform: 'vertex', ...(scope && { scope }) };
  }
  if (name.includes('application-inference-profile/')) return { reason: 'opaque_inference_profile' };
  if (name.includes('/')) return { reason: 'gateway' };
  if (BEDROCK_ID.test(name)) return resolveBedrockId(name);
  const found = resolvePlainId(name);
  if ('reason' in found) return isGatewayName(name) ? { reason: 'gateway' } : found;
  return name.includes('@') ? { ...found, platform: 'vertex' } : found;
}

function resolveBedrockId(name: string): ModelIdResult {
  const [, profile, model] = BEDROCK_ID.exec(name) ?? [];
  if (model === undefined) return { reason: 'unknown_model' };
  if (profile !== undefined && !BEDROCK_PROFILES.has(profile)) return { reason: 'unknown_model' };
  const found = resolvePlainId(model.replace(BEDROCK_VERSION_SUFFIX, ''));
  if ('reason' in found) return found;
  if (profile === undefined) return { id: found.id, platform: 'bedrock' };
  return { id: found.id, platform: 'bedrock', scope: profile === 'global' ? 'global' : 'regional' };
}

function resolvePlainId(name: string): { readonly id: string } | { readonly reason: 'unknown_model' } {
  const bare = DATE_SUFFIX.exec(name)?.[1] ?? name.replace(/@(?:default|latest)$/, '');
  const id = findModel(bare)?.id ?? (isListedModel(bare) ? bare : undefined);
  return id === undefined ? { reason: 'unknown_model' } : { id };
}

// Gateways write versions with a dot and fast mode as a model of its own; their prices are their own.
function isGatewayName(name: string): boolean {
  return 'id' in resolvePlainId(name.replace(/-fast$/, '').replaceAll('.', '-'));
}
