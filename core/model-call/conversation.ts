// A conversation: what a model call sent and got back, read from its JSON as messages of typed blocks, each marked
// whether it is new since the call before. Everything in it was written by others and is only ever shown as text.

import { asJson, type Json } from './json.ts';
import { readJsonFolded } from './read-json.ts';

export type MessageBlock =
  | { readonly kind: 'thinking'; readonly text: string }
  /** With what the model names as the sources of it. */
  | { readonly kind: 'text'; readonly text: string; readonly citations?: readonly unknown[] }
  | {
      readonly kind: 'tool_use';
      readonly name: string;
      readonly id: string;
      readonly input: unknown;
      /** MCP server that the API calls it at. */
      readonly server?: string;
    }
  | {
      readonly kind: 'tool_result';
      readonly id: string;
      /** Name of the tool, where its call is in the same conversation. */
      readonly name: string | undefined;
      readonly isError: boolean;
      readonly blocks: readonly MessageBlock[];
    }
  /** An image, a document or a found text, by what it is and its size or place: it is never drawn. What is text in it stands below. */
  | {
      readonly kind: 'file';
      readonly what: string;
      readonly detail: string;
      readonly blocks: readonly MessageBlock[];
    }
  | { readonly kind: 'other'; readonly what: string; readonly value: unknown };

export interface Message {
  readonly role: string;
  /** Place in the request, from 0; undefined for the answer. */
  readonly index: number | undefined;
  readonly blocks: readonly MessageBlock[];
  readonly isNew: boolean;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly schema: unknown;
}

export interface Conversation {
  readonly model: string | undefined;
  readonly system: readonly MessageBlock[];
  readonly isSystemNew: boolean;
  readonly tools: readonly ToolDefinition[];
  readonly areToolsNew: boolean;
  readonly messages: readonly Message[];
  readonly answer: Message | undefined;
  /** Settings of the request beside prompt and tools. */
  readonly settings: Json;
}

const PROMPT_KEYS = new Set(['model', 'system', 'tools', 'messages']);

/** Undefined where the request cannot be read. */
export function conversationOf(
  requestJson: string | undefined,
  responseJson: string | undefined,
  previousJson: string | undefined,
): Conversation | undefined {
  const request = readJsonFolded(requestJson);
  const response = readJsonFolded(responseJson);
  if (request === undefined && response === undefined) return undefined;
  const { system, tools, messages, model } = asJson(request);
  const previous = previousJson === undefined ? undefined : asJson(readJsonFolded(previousJson));
  const list = Array.isArray(messages) ? messages : [];
  const common = previous === undefined ? 0 : commonLength(previous['messages'], list);
  const names = new Map<string, string>();
  const answer = asJson(response);
  return {
    model: typeof model === 'string' ? model : undefined,
    system: blocksOf(system, names),
    isSystemNew: previous === undefined || !isSame(previous['system'], system),
    tools: toolsOf(tools),
    areToolsNew: previous === undefined || !isSame(previous['tools'], tools),
    messages: list.map((message, index): Message => {
      const { role, content } = asJson(message);
      return {
        role: typeof role === 'string' ? role : 'unknown',
        index,
        blocks: blocksOf(content, names),
        isNew: index >= common,
      };
    }),
    answer:
      response === undefined
        ? undefined
        : { role: 'assistant', index: undefined, blocks: blocksOf(answer['content'], names), isNew: true },
    settings: Object.fromEntries(Object.entries(asJson(request)).filter(([key]) => !PROMPT_KEYS.has(key))),
  };
}

function commonLength(before: unknown, after: readonly unknown[]): number {
  if (!Array.isArray(before)) return 0;
  let length = 0;
  while (length < before.length && length < after.length && isSame(before[length], after[length]))
    length += 1;
  return length;
}

/** Where the cache ends moves on with every call and is no change of what was said. */
function isSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (key, part: unknown) =>
    key === 'cache_control' ? undefined : asBlocks(key, part),
  );
}

/** A text stands for a list of one text block, as in the API. */
function asBlocks(key: string, part: unknown): unknown {
  return (key === 'content' || key === 'system') && typeof part === 'string'
    ? [{ type: 'text', text: part }]
    : part;
}

function toolsOf(tools: unknown): ToolDefinition[] {
  return (Array.isArray(tools) ? tools : []).map((tool) => {
    const { name, type, description, input_schema: schema, ...rest } = asJson(tool);
    return {
      name: typeof name === 'string' ? name : typeof type === 'string' ? type : 'tool',
      description: typeof description === 'string' ? description : '',
      schema: schema ?? rest,
    };
  });
}

/** Blocks of a content; `names` learns the tool of each call. */
function blocksOf(content: unknown, names: Map<string, string>): MessageBlock[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.map((block) => blockOf(block, names));
}

function blockOf(block: unknown, names: Map<string, string>): MessageBlock {
  const json = asJson(block);
  const { type, text, thinking, name, id, input, content, source } = json;
  const what = typeof type === 'string' ? type : 'block';
  if (what === 'text' && typeof text === 'string') {
    const { citations } = json;
    return Array.isArray(citations) && citations.length > 0
      ? { kind: 'text', text, citations }
      : { kind: 'text', text };
  }
  if (what === 'thinking' && typeof thinking === 'string') return { kind: 'thinking', text: thinking };
  if (what.endsWith('tool_use') && typeof name === 'string') {
    const callId = typeof id === 'string' ? id : '';
    names.set(callId, name);
    const { server_name: server } = json;
    return { kind: 'tool_use', name, id: callId, input, ...(typeof server === 'string' && { server }) };
  }
  if (what.endsWith('tool_result') && typeof json['tool_use_id'] === 'string') {
    const callId = json['tool_use_id'];
    const inner = blocksOf(content, names);
    return {
      kind: 'tool_result',
      id: callId,
      name: names.get(callId),
      isError: json['is_error'] === true || isErrorOfServer(content),
      blocks:
        inner.length === 0 && content !== undefined && !Array.isArray(content)
          ? [{ kind: 'other', what: 'result', value: content }]
          : inner,
    };
  }
  if (what === 'image' || what === 'document')
    return { kind: 'file', what, detail: describeSource(source, json), blocks: textsOfFile(json, names) };
  if (what === 'search_result') {
    const detail = [json['title'], source].filter((part) => typeof part === 'string').join(', ');
    return { kind: 'file', what, detail, blocks: blocksOf(content, names) };
  }
  return { kind: 'other', what, value: block };
}

/** Results of tools that the API runs itself have no `is_error`: `web_fetch_tool_error` and its kind stand in their place. */
function isErrorOfServer(content: unknown): boolean {
  const { type, error_code: code } = asJson(content);
  return typeof type === 'string' && type.endsWith('_error') && typeof code === 'string';
}

/** What a document has as text: its context, and itself where it is plain text or blocks. */
function textsOfFile({ source, context }: Json, names: Map<string, string>): MessageBlock[] {
  const { type, data, content } = asJson(source);
  return [
    ...(typeof context === 'string' ? blocksOf(context, names) : []),
    ...(type === 'text' && typeof data === 'string' ? blocksOf(data, names) : []),
    ...(type === 'content' ? blocksOf(content, names) : []),
  ];
}

/** Bytes of three are four letters of base64; what is no base64 has a length all the same. */
function describeSource(source: unknown, block: Json): string {
  const { type, media_type: mediaType, data, url, file_id: fileId } = asJson(source);
  const title = typeof block['title'] === 'string' ? `${block['title']}, ` : '';
  if (typeof url === 'string') return `${title}from ${url}`;
  if (typeof fileId === 'string') return `${title}file ${fileId}`;
  if (type === 'content') return `${title}given as blocks`;
  const media = typeof mediaType === 'string' ? mediaType : 'unknown type';
  if (typeof data !== 'string') return `${title}${media}`;
  const bytes = type === 'base64' ? Math.floor((data.length * 3) / 4) : data.length;
  return `${title}${media}, ${bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000).toLocaleString('en')} kB`}`;
}

/** Parts of a conversation as texts that can be compared line by line. */
export interface ConversationTexts {
  readonly system: string;
  readonly tools: string;
  readonly messages: string;
  readonly answer: string;
}

export function conversationTexts(conversation: Conversation): ConversationTexts {
  const { system, tools, messages, answer } = conversation;
  return {
    system: system.map(textOfBlock).join('\n'),
    tools: tools
      .map((tool) => `${tool.name}: ${tool.description}\n${JSON.stringify(tool.schema, undefined, 2)}`)
      .join('\n\n'),
    messages: messages
      .map((message) => `[${message.role}]\n${message.blocks.map(textOfBlock).join('\n')}`)
      .join('\n\n'),
    answer: (answer?.blocks ?? []).map(textOfBlock).join('\n'),
  };
}

/** A block as text, one line or more. */
export function textOfBlock(block: MessageBlock): string {
  switch (block.kind) {
    case 'text':
      return block.citations === undefined
        ? block.text
        : `${block.text}\n(citations: ${JSON.stringify(block.citations)})`;
    case 'thinking':
      return `(thinking) ${block.text}`;
    case 'tool_use':
      return `→ ${block.server === undefined ? '' : `${block.server} `}${block.name} ${JSON.stringify(block.input) ?? ''}`;
    case 'tool_result':
      return `← ${block.isError ? 'error' : 'result'} of ${block.name ?? block.id}: ${block.blocks.map(textOfBlock).join('\n')}`;
    case 'file':
      return [`(${block.what}: ${block.detail})`, ...block.blocks.map(textOfBlock)].join('\n');
    case 'other':
      return JSON.stringify(block.value) ?? '';
  }
}
