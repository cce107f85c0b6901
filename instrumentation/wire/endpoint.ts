// An endpoint: where an HTTP request asks a Claude model, whoever serves it, recognised by method, host and path. Form:
// how its body and answer are written: as the Messages API, as a cloud's wrapping of it, or as Bedrock's Converse.

import type { Platform } from '../../core/pricing/circumstances.ts';
import { messagesOfConverse } from '../../core/model-call/converse.ts';
import { asJson, type Json } from '../../core/model-call/json.ts';

export interface Endpoint {
  readonly form: 'messages' | 'invoke' | 'converse' | 'batch' | 'batch_results';
  readonly platform: Platform;
  readonly region: string | undefined;
  /** Model that the path names. */
  readonly model: string | undefined;
  /** Whether the path asks for a stream; else the body does. */
  readonly isStreamed: boolean | undefined;
  /** Batch whose results are read. */
  readonly batchId?: string | undefined;
}

const MESSAGES_PATH = /\/v1\/messages\/?$/;
/** Behind a gateway the version may be missing from the path; the header of the API's version is not. */
const UNVERSIONED_PATH = /\/messages\/?$/;
const BATCHES_PATH = /\/v1\/messages\/batches\/?$/;
const RESULTS_PATH = /\/v1\/messages\/batches\/([^/]+)\/results$/;
const BEDROCK_PATH = /\/model\/([^/]+)\/(invoke|invoke-with-response-stream|converse|converse-stream)$/;
const VERTEX_PATH = /\/models\/([^/:]+):(rawPredict|streamRawPredict)$/;
const VERTEX_REGION = /\/locations\/([^/]+)\//;
/** What a model or an inference profile of Anthropic has in its id. */
const CLAUDE_ID = /anthropic|claude/;
const REGION = /\.([a-z]{2,3}(?:-[a-z]+)+-\d)\./;

/** What a request says before its body. */
export interface SentHead {
  readonly method: string;
  readonly path: string;
  /** Read only where the path is one of a model's: most requests of a program go elsewhere. */
  readonly host: () => string;
  /** Value of a header by its name in small letters; read as the host is. */
  readonly header: (name: string) => string | undefined;
}

/** The endpoint that a request goes to; `undefined` for all that asks no Claude model. */
export function endpointOf({ method, path: target, host, header }: SentHead): Endpoint | undefined {
  const [path = ''] = target.split('?');
  if (method === 'GET') {
    const results = RESULTS_PATH.exec(path);
    if (results === null) return undefined;
    const [, batchId] = results;
    return { ...placeOf(host()), form: 'batch_results', model: undefined, isStreamed: true, batchId };
  }
  if (method !== 'POST') return undefined;
  if (
    MESSAGES_PATH.test(path) ||
    (UNVERSIONED_PATH.test(path) && header('anthropic-version') !== undefined)
  ) {
    return { ...placeOf(host()), form: 'messages', model: undefined, isStreamed: undefined };
  }
  if (BATCHES_PATH.test(path))
    return { ...placeOf(host()), form: 'batch', model: undefined, isStreamed: false };
  const bedrock = BEDROCK_PATH.exec(path);
  if (bedrock !== null) {
    const [, id = '', operation = ''] = bedrock;
    const model = decode(id);
    const isConverse = operation.startsWith('converse');
    // Other models are asked through Converse, too; of a profile of the application nobody knows.
    if (isConverse && !CLAUDE_ID.test(model)) return undefined;
    return {
      form: isConverse ? 'converse' : 'invoke',
      platform: 'bedrock',
      region: REGION.exec(host())?.[1],
      model,
      isStreamed: operation.endsWith('stream'),
    };
  }
  const vertex = VERTEX_PATH.exec(path);
  if (vertex === null) return undefined;
  const [, id = '', operation] = vertex;
  const model = decode(id);
  // Counting tokens asks no model; other models are asked so, too.
  if (model.startsWith('count-tokens') || !CLAUDE_ID.test(path)) return undefined;
  const region = VERTEX_REGION.exec(path)?.[1];
  return { form: 'invoke', platform: 'vertex', region, model, isStreamed: operation === 'streamRawPredict' };
}

/**
 * The Messages request that a body is or stands for; `undefined` when it is none: other services have paths like these.
 * @param body parsed JSON
 */
export function messageParamsOf({ form, model, isStreamed }: Endpoint, body: unknown): Json | undefined {
  const request = asJson(body);
  if (!Array.isArray(request['messages'])) return undefined;
  switch (form) {
    case 'messages':
      return typeof request['model'] === 'string' ? request : undefined;
    case 'invoke':
      return typeof request['anthropic_version'] === 'string'
        ? { ...request, model, stream: isStreamed }
        : undefined;
    case 'converse':
      return messagesOfConverse(request, model ?? '', isStreamed === true);
    default:
      return undefined;
  }
}

/** Who serves the Messages API at a host. */
function placeOf(host: string): Pick<Endpoint, 'platform' | 'region'> {
  const region = REGION.exec(host)?.[1];
  if (host.includes('bedrock')) return { platform: 'bedrock', region };
  if (host.includes('aws-external-anthropic')) return { platform: 'aws', region };
  if (/\.azure\.com(:|$)/.test(host)) return { platform: 'foundry', region: undefined };
  return { platform: 'anthropic', region: undefined };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
