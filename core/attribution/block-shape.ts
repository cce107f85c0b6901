// A block shape: kind, owner, size and hash of one content block of a request or response; never its content.
// The owner is who pays for the block: a tool's name, or one of the pseudo-tools in parentheses.
// Shapes are cached by the identity of the block, so an unchanged history is not hashed again.

import { asText } from '../model-call/json.ts';
import { ContentHash, TextHash } from './content-hash.ts';
import { estimateDocumentTokens, estimateImageTokens, estimateTextTokens } from './token-estimate.ts';

/** Owners that are no tool: what a call carries beside the calls and results of tools. */
export const PSEUDO_TOOLS = {
  system: '(system)',
  tools: '(tools)',
  user: '(user)',
  history: '(history)',
  output: '(output)',
  /** Files of instructions, which Claude Code puts into the context. */
  instructions: '(CLAUDE.md)',
  /** Input whose request was not seen, or a result whose call was not seen. */
  unknown: '(unknown)',
} as const;

export type BlockKind =
  | 'tool_definition'
  | 'system'
  | 'text'
  | 'image'
  | 'document'
  | 'thinking'
  | 'tool_use'
  | 'tool_result'
  /** A summary by the server, which stands for all messages before it. */
  | 'compaction'
  | 'other';

export interface BlockShape {
  readonly kind: BlockKind;
  /** Who pays for the block; `undefined` on a tool result until its call is known. */
  readonly owner: string | undefined;
  /** Id that joins a tool call with its result. */
  readonly toolUseId?: string;
  readonly chars: number;
  /** Uncalibrated estimate. */
  readonly tokens: number;
  readonly hash: number;
}

type Json = Readonly<Record<string, unknown>>;

interface CachedBlock {
  readonly role: string;
  readonly values: readonly unknown[];
  readonly shape: BlockShape;
}

/** What the API adds to a request that has tools, about. */
const TOOL_FRAME_TOKENS = 8;
const cache = new WeakMap<object, CachedBlock>();
const hash = new ContentHash();
const textHash = new TextHash();

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shape of a bare string: a system prompt, or a message whose content is one string. */
export function describeText(text: string, role: string): BlockShape {
  hash.reset().mixText('text');
  // What the model wrote has streamed in before it is sent back.
  if (role === 'assistant') textHash.reset().add(text).mixInto(hash);
  else hash.mixText(text);
  return {
    kind: role === 'system' ? 'system' : 'text',
    owner: ownerOfRole(role),
    chars: text.length,
    tokens: estimateTextTokens(text.length),
    hash: hash.digest(),
  };
}

/**
 * Shape of one block. `role` is `user`, `assistant`, `system` or `tools` (a tool definition).
 * Deep changes inside an object that keeps its identity (a mutated `input_schema`, say) are not noticed.
 * @param isSeenOnce whether the object does not come again, as one that was just parsed: then nothing is cached
 */
export function describeBlock(block: unknown, role: string, isSeenOnce = false): BlockShape {
  if (typeof block === 'string') return describeText(block, role);
  if (!isJson(block)) return describeText('', role);
  const nested = block['content'];
  if (Array.isArray(nested)) return describeNested(block, nested, role, isSeenOnce);
  if (isSeenOnce) return describeFresh(block, role);
  const cached = cache.get(block);
  if (cached !== undefined && cached.role === role && holdsValues(block, cached.values)) return cached.shape;
  const shape = describeFresh(block, role);
  cache.set(block, { role, values: valuesOf(block), shape });
  return shape;
}

/** Shape of a block of an answer that has streamed in, the same as it will have when the caller sends it back. */
export function describeStreamed(type: 'text' | 'thinking', text: TextHash): BlockShape {
  text.mixInto(hash.reset().mixText(type));
  return shapeOf(type, PSEUDO_TOOLS.history, estimateTextTokens(text.length), text.length);
}

function describeFresh(block: Json, role: string): BlockShape {
  const type = asText(block['type']) ?? '';
  if (role === 'tools') return describeDefinition(block);
  hash.reset();
  switch (type) {
    case 'text': {
      const text = asText(block['text']) ?? '';
      return describeText(text, role);
    }
    case 'thinking':
    case 'redacted_thinking': {
      const text = asText(block['thinking']) ?? asText(block['data']) ?? '';
      textHash.reset().add(text).mixInto(hash.mixText(type));
      return shapeOf('thinking', PSEUDO_TOOLS.history, estimateTextTokens(text.length), text.length);
    }
    case 'image':
    case 'document':
      return describeMedia(block, type, role);
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use': {
      const name = asText(block['name']) ?? '';
      const id = asText(block['id']) ?? '';
      hash.mixText('tool_use').mixText(id).mixText(name).mixValue(block['input']);
      const tokens = estimateTextTokens(hash.chars) + TOOL_FRAME_TOKENS;
      return { ...shapeOf('tool_use', name, tokens, hash.chars), toolUseId: id };
    }
    case 'compaction': {
      mixFields(block);
      // Without a summary the compaction has failed, and nothing is left out.
      const kind = asText(block['content']) === undefined ? 'other' : 'compaction';
      return shapeOf(kind, ownerOfRole(role), estimateTextTokens(hash.chars), hash.chars);
    }
    default:
      if (!isResult(type)) {
        mixFields(block);
        return shapeOf('other', ownerOfRole(role), estimateTextTokens(hash.chars), hash.chars);
      }
  }
  const id = asText(block['tool_use_id']) ?? '';
  hash.mixText('tool_result').mixText(id).mixValue(block['is_error']);
  const before = hash.chars;
  hash.mixValue(block['content']);
  const chars = hash.chars - before;
  return { ...shapeOf('tool_result', ownerOfResult(type), estimateTextTokens(chars), chars), toolUseId: id };
}

/** A block that holds blocks (a tool result, a search result): its parts are looked at one by one, each cached. */
function describeNested(
  block: Json,
  nested: readonly unknown[],
  role: string,
  isSeenOnce: boolean,
): BlockShape {
  const type = asText(block['type']) ?? '';
  const parts = nested.map((part) => describeBlock(part, role, isSeenOnce));
  const id = asText(block['tool_use_id']) ?? '';
  hash.reset().mixText(type).mixText(id).mixValue(block['is_error']);
  let chars = 0;
  let tokens = 0;
  for (const part of parts) {
    hash.mixNumber(part.hash);
    chars += part.chars;
    tokens += part.tokens;
  }
  if (isResult(type)) return { ...shapeOf('tool_result', ownerOfResult(type), tokens, chars), toolUseId: id };
  return shapeOf('other', ownerOfRole(role), tokens, chars);
}

function describeDefinition(tool: Json): BlockShape {
  hash.reset();
  mixFields(tool);
  // A deferred tool is not in the prompt until a search finds it.
  const tokens = tool['defer_loading'] === true ? 0 : estimateTextTokens(hash.chars) + TOOL_FRAME_TOKENS;
  return shapeOf('tool_definition', PSEUDO_TOOLS.tools, tokens, hash.chars);
}

function describeMedia(block: Json, type: 'image' | 'document', role: string): BlockShape {
  const source = isJson(block['source']) ? block['source'] : {};
  const data = asText(source['data']);
  hash.mixText(type).mixText(asText(source['type']) ?? '');
  if (data === undefined) hash.mixValue(source);
  else hash.mixPayload(data);
  const chars = data?.length ?? hash.chars;
  if (type === 'image') return shapeOf('image', ownerOfRole(role), estimateImageTokens(data), chars);
  const isText = source['type'] === 'text' || source['type'] === 'content';
  const tokens = isText ? estimateTextTokens(chars) : estimateDocumentTokens(data?.length ?? 0);
  return shapeOf('document', ownerOfRole(role), tokens, chars);
}

function shapeOf(kind: BlockKind, owner: string | undefined, tokens: number, chars: number): BlockShape {
  return { kind, owner, chars, tokens, hash: hash.digest() };
}

function ownerOfRole(role: string): string {
  if (role === 'assistant') return PSEUDO_TOOLS.history;
  return role === 'system' ? PSEUDO_TOOLS.system : PSEUDO_TOOLS.user;
}

function isResult(type: string): boolean {
  return type === 'tool_result' || type.endsWith('_tool_result');
}

/** Results of server tools name their tool in their type; others are joined with their call by id. */
function ownerOfResult(type: string): string | undefined {
  if (type === 'tool_result' || type === 'mcp_tool_result') return undefined;
  return type.slice(0, -'_tool_result'.length);
}

function mixFields(block: Json): void {
  for (const key of Object.keys(block)) {
    const value = block[key];
    if (key === 'cache_control' || value === null || value === undefined) continue;
    hash.mixText(key).mixValue(value);
  }
}

function valuesOf(block: Json): unknown[] {
  const values: unknown[] = [];
  for (const key of Object.keys(block)) if (key !== 'cache_control') values.push(block[key]);
  return values;
}

function holdsValues(block: Json, values: readonly unknown[]): boolean {
  let index = 0;
  for (const key in block) {
    if (key === 'cache_control') continue;
    if (index >= values.length || block[key] !== values[index]) return false;
    index++;
  }
  return index === values.length;
}
