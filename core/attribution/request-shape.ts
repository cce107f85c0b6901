// A request shape: what a Messages request carries, as sizes and hashes in prefix order
// (tools, then system, then messages), with its cache breakpoints. No content is kept.

import { asText } from '../model-call/json.ts';
import { describeBlock, describeText, isJson, type BlockShape } from './block-shape.ts';
import { ContentHash, formatHash } from './content-hash.ts';
import { readToolClearing, type ToolClearing } from './tool-clearing.ts';

export interface CacheBreakpoint {
  /** Index in {@link RequestShape.blocks} of the last block that the breakpoint covers. */
  readonly block: number;
  readonly ttl: '5m' | '1h';
}

export interface RequestShape {
  readonly model: string;
  /** Every block, in the order in which the API builds the prompt. */
  readonly blocks: readonly BlockShape[];
  /** In order of position. */
  readonly breakpoints: readonly CacheBreakpoint[];
  /** One for each tool definition; these are the first blocks. */
  readonly toolNames: readonly string[];
  /** Uncalibrated estimate of the tool definitions. */
  readonly toolDefinitionTokens: number;
  /** True when the server adds context that the request does not hold (message threads). */
  readonly hasHiddenContext: boolean;
  /** How it wants tool uses to be cleared on the server. */
  readonly toolClearing?: ToolClearing | undefined;
  readonly hashes: PrefixHashes;
}

/** Hashes of the parts of the prefix, in the order in which a change of one breaks the cache. */
export interface PrefixHashes {
  /** Model and speed: caches are not shared between them. */
  readonly model: number;
  readonly tools: number;
  /** The same definitions in any order have the same value here. */
  readonly toolSet: number;
  readonly system: number;
  /** Settings that are part of the prompt: tool choice, thinking, output format and effort. */
  readonly settings: number;
  readonly messages: readonly number[];
}

/** The `tallyspan.prefix.*` fields of an event. */
export interface PrefixFields {
  'tallyspan.prefix.model': string;
  'tallyspan.prefix.system': string;
  'tallyspan.prefix.tools': string;
  'tallyspan.prefix.settings': string;
  'tallyspan.prefix.messages': readonly string[];
}

interface CachedMessage {
  readonly content: string;
  readonly role: string;
  readonly shape: BlockShape;
  /** Hash of the whole message. */
  readonly digest: number;
}

/** Older messages are folded by this many, so that a long history stays a short list. */
const FOLD_SIZE = 32;
/** Sums of two remainders stay exact integers, so the sum does not depend on the order. */
const SUM_MODULUS = 2 ** 51;
const EMPTY: Readonly<Record<string, unknown>> = {};
const textMessages = new WeakMap<object, CachedMessage>();
const hash = new ContentHash();

/**
 * Reads the parameters of `messages.create`. Anything that is not as expected counts as absent; nothing is thrown for
 * plain data.
 * @param isSeenOnce whether its parts do not come again as the same objects, as where it was just parsed
 */
export function describeRequest(params: unknown, isSeenOnce = false): RequestShape {
  const request = isJson(params) ? params : EMPTY;
  const blocks: BlockShape[] = [];
  const breakpoints: CacheBreakpoint[] = [];
  const toolNames: string[] = [];
  const add = (block: unknown, role: string): void => {
    blocks.push(describeBlock(block, role, isSeenOnce));
    const ttl = ttlOf(block);
    if (ttl !== undefined) breakpoints.push({ block: blocks.length - 1, ttl });
  };

  for (const tool of listOf(request['tools'])) {
    add(tool, 'tools');
    const name = isJson(tool) ? (asText(tool['name']) ?? asText(tool['type'])) : undefined;
    toolNames.push(name ?? '');
  }
  const toolCount = blocks.length;
  const { system } = request;
  if (typeof system === 'string') blocks.push(describeText(system, 'system'));
  else for (const block of listOf(system)) add(block, 'system');
  const systemEnd = blocks.length;

  const messages: number[] = [];
  const given = listOf(request['messages']);
  for (let index = 0; index < given.length; index++) {
    const message = given[index];
    if (!isJson(message)) continue;
    const role = asText(message['role']) ?? 'user';
    const { content } = message;
    if (typeof content === 'string') {
      const { shape, digest } = describeTextMessage(message, content, role, isSeenOnce);
      blocks.push(shape);
      messages.push(digest);
      continue;
    }
    const start = blocks.length;
    for (const block of listOf(content)) add(block, role);
    messages.push(hashMessage(role, blocks, start));
  }
  // Automatic caching: one `cache_control` on the request covers everything in it.
  const automatic = ttlOf(request);
  if (automatic !== undefined && blocks.length > 0)
    breakpoints.push({ block: blocks.length - 1, ttl: automatic });

  let toolDefinitionTokens = 0;
  for (let index = 0; index < toolCount; index++) toolDefinitionTokens += blocks[index]?.tokens ?? 0;
  return {
    model: asText(request['model']) ?? '',
    blocks,
    breakpoints,
    toolNames,
    toolDefinitionTokens,
    hasHiddenContext: request['thread'] !== undefined && request['thread'] !== null,
    toolClearing: readToolClearing(request['context_management']),
    hashes: hashPrefix(request, blocks, toolCount, systemEnd, messages),
  };
}

/** Shapes of the content of a response, the same as they will have when the caller sends them back. */
export function describeOutput(content: unknown): BlockShape[] {
  return listOf(content).map((block) => describeBlock(block, 'assistant'));
}

/** The prefix hashes as event fields. Messages older than the last 32 to 63 are folded by 32: `32*hash`. */
export function prefixFields(shape: RequestShape): Readonly<PrefixFields> {
  const { hashes } = shape;
  if (hashes === lastHashes && lastFields !== undefined) return lastFields;
  lastHashes = hashes;
  lastFields = {
    'tallyspan.prefix.model': formatHash(hashes.model),
    'tallyspan.prefix.system': formatHash(hashes.system),
    'tallyspan.prefix.tools': `${formatHash(hashes.tools)}.${formatHash(hashes.toolSet)}`,
    'tallyspan.prefix.settings': formatHash(hashes.settings),
    'tallyspan.prefix.messages': foldMessages(hashes.messages),
  };
  return lastFields;
}

/** Of the shape that was asked for last: one call asks for its own more than once. */
let lastHashes: PrefixHashes | undefined;
let lastFields: Readonly<PrefixFields> | undefined;

/** The messages that were written last, and their texts: the next request of a conversation begins with the same. */
let writtenMessages: readonly number[] = [];
let writtenTexts: readonly string[] = [];

function textsOf(messages: readonly number[]): readonly string[] {
  const texts: string[] = [];
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as number;
    const isKnown = message === writtenMessages[index];
    texts.push(isKnown ? (writtenTexts[index] as string) : formatHash(message));
  }
  writtenMessages = messages;
  writtenTexts = texts;
  return texts;
}

export function foldMessages(messages: readonly number[]): readonly string[] {
  const folds = Math.max(0, Math.floor(messages.length / FOLD_SIZE) - 1);
  if (folds === 0) return textsOf(messages);
  const parts: string[] = [];
  for (let fold = 0; fold < folds; fold++)
    parts.push(foldHash(messages.slice(fold * FOLD_SIZE, (fold + 1) * FOLD_SIZE)));
  for (const message of messages.slice(folds * FOLD_SIZE)) parts.push(formatHash(message));
  return parts;
}

function foldHash(messages: readonly number[]): string {
  hash.reset();
  for (const message of messages) hash.mixText(formatHash(message));
  return `${messages.length}*${formatHash(hash.digest())}`;
}

/** Folds the first 32 entries written one by one, as {@link foldMessages} does: to compare a short list with a longer one. */
export function foldWritten(entries: readonly string[]): string {
  hash.reset();
  for (const entry of entries) hash.mixText(entry);
  return `${entries.length}*${formatHash(hash.digest())}`;
}

function hashPrefix(
  request: Readonly<Record<string, unknown>>,
  blocks: readonly BlockShape[],
  toolCount: number,
  systemEnd: number,
  messages: readonly number[],
): PrefixHashes {
  hash.reset();
  let toolSet = 0;
  for (let index = 0; index < toolCount; index++) {
    const digest = blocks[index]?.hash ?? 0;
    hash.mixNumber(digest);
    toolSet = (toolSet + (digest % SUM_MODULUS)) % SUM_MODULUS;
  }
  const servers = request['mcp_servers'];
  if (servers !== undefined) hash.mixValue(listOf(servers).length);
  const tools = hash.digest();
  hash.reset();
  for (let index = toolCount; index < systemEnd; index++) hash.mixNumber(blocks[index]?.hash ?? 0);
  const system = hash.digest();
  const model = hash
    .reset()
    .mixValue(request['model'])
    .mixText(asText(request['speed']) ?? 'standard')
    .digest();
  const settings = hash
    .reset()
    .mixValue(request['tool_choice'])
    .mixText('thinking')
    .mixValue(request['thinking'])
    .mixText('output')
    .mixValue(request['output_config'])
    .digest();
  return { model, tools, toolSet, system, settings, messages };
}

function describeTextMessage(
  message: object,
  content: string,
  role: string,
  isSeenOnce: boolean,
): CachedMessage {
  const cached = isSeenOnce ? undefined : textMessages.get(message);
  if (cached !== undefined && cached.content === content && cached.role === role) return cached;
  const shape = describeText(content, role);
  const described = { content, role, shape, digest: hashMessage(role, [shape], 0) };
  if (!isSeenOnce) textMessages.set(message, described);
  return described;
}

/** Hash of a message from its role and its blocks, which are those from `start` on. */
function hashMessage(role: string, blocks: readonly BlockShape[], start: number): number {
  hash.reset().mixText(role);
  for (let index = start; index < blocks.length; index++) hash.mixNumber(blocks[index]?.hash ?? 0);
  return hash.digest();
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function ttlOf(block: unknown): '5m' | '1h' | undefined {
  if (!isJson(block)) return undefined;
  const control = block['cache_control'];
  if (!isJson(control)) return undefined;
  return control['ttl'] === '1h' ? '1h' : '5m';
}
