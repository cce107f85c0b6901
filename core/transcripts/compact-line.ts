// A compact line: a line of a transcript in which texts that nobody reads have given way to their lengths, so that lines
// can be kept in memory. A session that is read from compact lines is as from whole ones.

import type { Json } from '../model-call/json.ts';
import { isInterruption } from './context-steps.ts';
import { isObject } from './json-value.ts';
import { lengthMark } from './shorten-line.ts';
import { DEEPEST_MEASURED } from './tool-blocks.ts';

/** Longer texts give way to their length. */
const LONGEST_KEPT = 64;
/** What a line says in values of its own is read; what is in these is measured. */
const MEASURED: ReadonlySet<string> = new Set(['attachment', 'rendered']);
/** Values that say which, and not what. */
const NAMES: ReadonlySet<string> = new Set(['id', 'name', 'type', 'tool_use_id', 'subagent_type']);
/** Hashed as they are. */
const WHOLE_TYPE = 'api-request-shape';

export function compactLine(line: Json): Json {
  if (line['type'] === WHOLE_TYPE) return line;
  return Object.fromEntries(Object.entries(line).map(([name, value]) => [name, compactField(name, value)]));
}

function compactField(name: string, value: unknown): unknown {
  if (name === 'message' && isObject(value)) return { ...value, content: compactContent(value['content']) };
  if (name === 'toolUseResult') return outcomeOf(value);
  return MEASURED.has(name) ? compactValue(value) : value;
}

/** Big results stand in the line twice; of the second only these are read. */
function outcomeOf(value: unknown): unknown {
  return isObject(value) ? { agentId: value['agentId'], searchCount: value['searchCount'] } : undefined;
}

function compactContent(content: unknown): unknown {
  if (isInterruption(content, Array.isArray(content) ? content.filter(isObject) : [])) return content;
  return compactValue(content);
}

function compactValue(value: unknown, depth = 0): unknown {
  if (depth > DEEPEST_MEASURED + 2) return null;
  if (typeof value === 'string') return value.length > LONGEST_KEPT ? lengthMark(value) : value;
  if (Array.isArray(value)) return value.map((part) => compactValue(part, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      NAMES.has(name) ? part : compactValue(part, depth + 1),
    ]),
  );
}
