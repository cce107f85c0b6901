// Tool blocks of a transcript: uses and results, as lengths and names.

import { maskedKeys } from '../text/redaction.ts';
import type { Json } from '../model-call/json.ts';
import type { TranscriptCall, LineFacts, ToolFact } from './facts.ts';
import { blocksOf, countOf, objectOf, textOf } from './json-value.ts';
import { lengthOfText } from './shorten-line.ts';

/** The part of a tool call that its use tells. */
export type TranscriptToolUse = Omit<ToolFact, keyof TranscriptToolResult>;
export type TranscriptToolResult = Pick<ToolFact, 'endMs' | 'isOk' | 'resultLen' | 'searches'>;

/** Tools of Claude Code that start a sub-agent, the older name too. */
const AGENT_TOOLS: ReadonlySet<string> = new Set(['Agent', 'Task']);

type OfCall = LineFacts & Pick<TranscriptCall, 'key' | 'message' | 'isSidechain'>;

export function readToolUse(block: Json, call: OfCall, atMs: number): TranscriptToolUse | undefined {
  const id = textOf(block['id']);
  const name = textOf(block['name']);
  if (id === undefined || name === undefined) return undefined;
  const input = objectOf(block['input']) ?? {};
  const { session, run, version, project } = call;
  return {
    session,
    run,
    version,
    project,
    id,
    name,
    callKey: call.key,
    agentType: AGENT_TOOLS.has(name) ? textOf(input['subagent_type']) : undefined,
    inputKeys: maskedKeys(input),
    inputLen: lengthOf(input),
    startMs: atMs,
    model: textOf(call.message['model']),
    isSidechain: call.isSidechain,
  };
}

export function readToolResult(block: Json, outcome: Json | undefined, atMs: number): TranscriptToolResult {
  return {
    endMs: atMs,
    isOk: block['is_error'] !== true,
    resultLen: contentLength(block['content']),
    searches: countOf(outcome?.['searchCount']),
  };
}

/** What a block is, without what it says; as `readMessage` needs it. */
export function stripBlock(block: Json): Json {
  const { type, name, from } = block;
  if (type === 'text') return { type, text: block['text'] === '' ? '' : '-' };
  const caller = objectOf(block['caller'])?.['type'];
  return {
    type,
    ...(name !== undefined && { name }),
    ...(from !== undefined && { from: { model: objectOf(from)?.['model'] } }),
    ...(caller !== undefined && { caller: { type: caller } }),
  };
}

/** Characters of a content: of a text, or of the texts of its blocks. */
export function contentLength(content: unknown): number {
  if (typeof content === 'string') return lengthOfText(content);
  return blocksOf(content).reduce(
    (sum, block) => sum + (typeof block['text'] === 'string' ? lengthOfText(block['text']) : lengthOf(block)),
    0,
  );
}

/** What lies deeper in a value is not measured: nobody means it, and the stack has an end. */
export const DEEPEST_MEASURED = 500;

/** Characters of a text, of the texts in a list of blocks, or of a value as JSON. */
export function lengthOf(value: unknown, depth = 0): number {
  switch (typeof value) {
    case 'string':
      return lengthOfText(value);
    case 'object':
      break;
    default:
      return JSON.stringify(value)?.length ?? 0;
  }
  if (value === null) return 4;
  if (depth > DEEPEST_MEASURED) return 0;
  const parts = Array.isArray(value) ? value : Object.entries(value);
  let length = 2 + Math.max(0, parts.length - 1);
  if (Array.isArray(value)) for (const part of value) length += quoted(part, depth);
  else for (const [key, part] of Object.entries(value)) length += key.length + 3 + quoted(part, depth);
  return length;
}

function quoted(value: unknown, depth: number): number {
  return lengthOf(value, depth + 1) + (typeof value === 'string' ? 2 : 0);
}
