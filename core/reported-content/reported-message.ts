// Reported messages: what other emitters say of a conversation, brought into the form of the Messages API, so that whatever
// reads a recorded call reads theirs. They name the same few things in many ways: a message (a role and blocks), a call
// of a tool, its result, a definition of a tool. What is of no known kind stays as it came.

import { readJson } from '../model-call/read-json.ts';
import { asJson, asList, asText, type Json } from '../model-call/json.ts';

/** A message as the API takes it. */
export interface ApiMessage {
  readonly role: string;
  readonly content: readonly unknown[];
}

/** Messages of a request; the API holds the system prompt apart from them. */
export interface ApiTalk {
  readonly system: readonly unknown[];
  readonly messages: readonly ApiMessage[];
}

const SYSTEM_ROLES: ReadonlySet<string> = new Set(['system', 'developer']);
/** Roles of what a tool gave back: the API takes it from the user. */
const TOOL_ROLES: ReadonlySet<string> = new Set(['tool', 'function']);

/** The value of a text that is a JSON object or list, any other value as it is. */
export function parsedValue(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const start = value.trimStart()[0];
  return start === '{' || start === '[' ? (readJson(value) ?? value) : value;
}

/** A list of messages, as JSON or as it is; empty where it is none. */
export function talkOf(value: unknown): ApiTalk {
  const system: unknown[] = [];
  const messages: ApiMessage[] = [];
  const list = parsedValue(value);
  for (const item of Array.isArray(list) ? list : [list]) {
    const message = messageOf(item);
    if (message === undefined) continue;
    if (SYSTEM_ROLES.has(message.role)) system.push(...message.content);
    else messages.push(message);
  }
  return { system, messages };
}

function messageOf(value: unknown): ApiMessage | undefined {
  const parsed = asJson(parsedValue(value));
  // OpenInference and some JSON put the message under its own name.
  const message = Object.hasOwn(parsed, 'message') ? asJson(parsed['message']) : parsed;
  const role = asText(message['role']) ?? asText(message['type']);
  if (role === undefined) return undefined;
  const calls = asList(parsedValue(message['tool_calls'])).map((call) => {
    const outer = asJson(parsedValue(call));
    return callBlock(Object.hasOwn(outer, 'tool_call') ? asJson(outer['tool_call']) : outer);
  });
  const said = reportedBlocks(firstOf(message, ['parts', 'contents', 'content']));
  const own =
    said.length === 0 && message['content'] !== undefined ? reportedBlocks(message['content']) : said;
  const resultOf = asText(message['tool_call_id']);
  if (TOOL_ROLES.has(role) && resultOf !== undefined)
    return { role: 'user', content: [{ type: 'tool_result', tool_use_id: resultOf, content: own }] };
  const known = new Set(own.map((block) => asJson(block)['id']));
  const content = [...own, ...calls.filter((call) => !known.has(asJson(call)['id']))];
  return { role: TOOL_ROLES.has(role) ? 'user' : roleOf(role), content };
}

function roleOf(role: string): string {
  if (role === 'human') return 'user';
  return role === 'ai' || role === 'model' ? 'assistant' : role;
}

/** Blocks of a content: a text, one part or a list of them. */
export function reportedBlocks(value: unknown): unknown[] {
  const parsed = parsedParts(value);
  if (parsed === undefined || parsed === null || parsed === '') return [];
  return (Array.isArray(parsed) ? parsed : [parsed]).map(blockOf);
}

/** Some write a list of parts as JSON into a text; any other JSON is what was said. */
function parsedParts(value: unknown): unknown {
  const parsed = parsedValue(value);
  if (parsed === value || !Array.isArray(parsed)) return value;
  const areParts = parsed.length > 0 && parsed.every((part) => asText(asJson(part)['type']) !== undefined);
  return areParts ? parsed : value;
}

function blockOf(part: unknown): unknown {
  if (typeof part === 'string') return { type: 'text', text: part };
  const outer = asJson(part);
  const inner = Object.hasOwn(outer, 'message_content') ? asJson(outer['message_content']) : outer;
  const call = Object.hasOwn(outer, 'tool_call') ? asJson(outer['tool_call']) : inner;
  const kind = (asText(inner['type']) ?? (call === inner ? '' : 'tool_call')).replaceAll('-', '_');
  if (isCallKind(kind) || (kind === '' && asJson(call['function'])['name'] !== undefined))
    return callBlock(call);
  if (isResultKind(kind)) return resultBlock(inner);
  const said = firstText(inner, ['text', 'content', 'thinking', 'reasoning']);
  if (kind === 'reasoning' || kind === 'thinking') return { type: 'thinking', thinking: said ?? '' };
  if ((kind === '' || kind.endsWith('text')) && said !== undefined) return { type: 'text', text: said };
  return fileBlock(kind, inner) ?? part;
}

function isCallKind(kind: string): boolean {
  return kind === 'tool_call' || kind.endsWith('tool_use') || kind === 'function' || kind === 'function_call';
}

function isResultKind(kind: string): boolean {
  return kind === 'tool_call_response' || kind.endsWith('tool_result') || kind === 'function_call_output';
}

function callBlock(call: Json): unknown {
  const named = asJson(call['function']);
  const input = firstOf({ ...named, ...call }, ['input', 'arguments', 'args', 'parameters']);
  return {
    type: 'tool_use',
    id: firstText(call, ['id', 'toolCallId', 'tool_call_id', 'call_id']) ?? '',
    name: firstText({ ...named, ...call }, ['name', 'toolName', 'tool_name']) ?? 'tool',
    input: parsedValue(input) ?? {},
  };
}

function resultBlock(part: Json): unknown {
  const given = firstOf(part, ['response', 'result', 'output', 'content', 'value']);
  const { type, value } = asJson(given);
  const isTyped = typeof type === 'string' && value !== undefined;
  const said = isTyped ? value : given;
  const content = typeof said === 'string' || Array.isArray(said) ? said : (JSON.stringify(said) ?? '');
  const isError =
    part['is_error'] === true || part['isError'] === true || (isTyped && type.startsWith('error'));
  return {
    type: 'tool_result',
    tool_use_id: firstText(part, ['tool_use_id', 'toolCallId', 'tool_call_id', 'call_id', 'id']) ?? '',
    content: Array.isArray(content) ? content.map(blockOf) : content,
    ...(isError && { is_error: true }),
  };
}

/** Images and documents, in whatever form, as the API has them: they are shown as their size. */
function fileBlock(kind: string, part: Json): unknown {
  const media = firstText(part, ['mime_type', 'mediaType', 'mimeType', 'media_type']);
  const image = asJson(part['image']);
  const link = asJson(image['image'])['url'] ?? image['url'] ?? asJson(part['image_url'])['url'];
  const data = link ?? firstOf(part, ['data', 'image', 'uri', 'url', 'file_id', 'content']);
  const isImage = kind.startsWith('image') || media?.startsWith('image/') === true;
  if (!isImage && !['blob', 'file', 'uri', 'document', 'file_id'].includes(kind)) return undefined;
  if (part['source'] !== undefined || typeof data !== 'string') return undefined;
  const type = isImage ? 'image' : 'document';
  return /^https?:/.test(data)
    ? { type, source: { type: 'url', url: data } }
    : { type, source: { type: 'base64', media_type: media ?? 'unknown type', data } };
}

/** Definitions of tools, as JSON, as a list of JSON, or as they are. */
export function reportedTools(value: unknown): unknown[] {
  const list = parsedValue(value);
  return asList(list).map((item) => {
    let tool = asJson(parsedValue(item));
    for (const name of ['tool', 'json_schema', 'function'])
      if (tool[name] !== undefined) tool = { ...tool, ...asJson(parsedValue(tool[name])) };
    const schema = firstOf(tool, ['input_schema', 'inputSchema', 'parameters']);
    return {
      name: firstText(tool, ['name', 'toolName']) ?? 'tool',
      ...(asText(tool['description']) !== undefined && { description: tool['description'] }),
      ...(schema !== undefined && { input_schema: parsedValue(schema) }),
    };
  });
}

function firstOf(json: Json, keys: readonly string[]): unknown {
  for (const key of keys) if (json[key] !== undefined && json[key] !== null) return json[key];
  return undefined;
}

function firstText(json: Json, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = json[key];
    if (typeof value === 'string') return value;
  }
  return undefined;
}
