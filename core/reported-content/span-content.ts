// Span content: request and answer of a model call as a span of another emitter has them, in the form of the Messages API.
// Where the emitter sent the body of the request or the Message itself, it is that; else it is put together of what the
// conventions (gen_ai.*), OpenInference (llm.*), the AI SDK (ai.*), OpenLLMetry and others each write under keys of their own.

import { asJson, asList, asText, type Json } from '../model-call/json.ts';
import { contentJson } from '../model-call/recorded-call.ts';
import { reportedBlocks, parsedValue, talkOf, reportedTools, type ApiTalk } from './reported-message.ts';

type Attributes = Readonly<Record<string, unknown>>;

export interface ReportedContent {
  /** As the request of a recorded call; undefined when the span has none, or it is too long. */
  readonly requestJson: string | undefined;
  readonly responseJson: string | undefined;
  /** True when one of them was too long. */
  readonly isCut: boolean;
}

interface SpanEventShape {
  readonly name: string;
  readonly attributes: Attributes;
}

/** Longer texts are not looked into: no recorded call may be as long. */
const LONGEST_CHARS = 4_000_000;
/** Whole bodies, as they were sent and came. */
const REQUEST_BODIES = [
  'input.value',
  'langfuse.observation.input',
  'request_data',
  'gen_ai.prompt',
  'gen_ai.request.body',
];
const ANSWER_BODIES = [
  'output.value',
  'langfuse.observation.output',
  'response_data',
  'gen_ai.completion',
  'gen_ai.response.body',
];

/** Undefined where the span says nothing of it. */
export function readSpanContent(
  attributes: Attributes,
  events: readonly SpanEventShape[] = [],
): ReportedContent | undefined {
  const said = shortOf(withEvents(attributes, events));
  const request = requestBody(said.values) ?? requestOf(said.values);
  const response = answerBody(said.values) ?? answerOf(said.values);
  const requestJson = request && contentJson(request);
  const responseJson = response && contentJson(response);
  const isCut =
    said.isCut ||
    (request !== undefined && requestJson === undefined) ||
    (response !== undefined && responseJson === undefined);
  if (requestJson === undefined && responseJson === undefined && !isCut) return undefined;
  return { requestJson, responseJson, isCut };
}

/** Keys whose long texts are content: that one is left out is worth saying. */
const CONTENT_KEY = /messages|prompt|completion|input|output|request|response/;

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > LONGEST_CHARS;
}

function shortOf(attributes: Attributes): { readonly values: Attributes; readonly isCut: boolean } {
  const long = Object.keys(attributes).filter((key) => isLong(attributes[key]));
  if (long.length === 0) return { values: attributes, isCut: false };
  const values = Object.fromEntries(Object.entries(attributes).filter(([, value]) => !isLong(value)));
  return { values, isCut: long.some((key) => CONTENT_KEY.test(key)) };
}

/** What the conventions once put on events of the span, one for each message, or on one for the whole call. */
function withEvents(attributes: Attributes, events: readonly SpanEventShape[]): Attributes {
  const input: unknown[] = [];
  const output: unknown[] = [];
  let whole: Attributes = {};
  for (const event of events) {
    const role = /^gen_ai\.(system|user|assistant|tool)\.message$/.exec(event.name)?.[1];
    const body = event.attributes;
    if (role !== undefined)
      input.push({ role, ...body, ...(body['id'] !== undefined && { tool_call_id: body['id'] }) });
    else if (event.name === 'gen_ai.choice') output.push(choiceOf(body));
    else whole = { ...whole, ...body };
  }
  return {
    ...whole,
    ...(input.length > 0 && { 'gen_ai.input.messages': input }),
    ...(output.length > 0 && { 'gen_ai.output.messages': output }),
    ...attributes,
  };
}

function choiceOf(body: Attributes): Json {
  const message = parsedValue(body['message']);
  return {
    role: 'assistant',
    content: message ?? body['content'],
    tool_calls: body['tool_calls'],
    ...asJson(message),
  };
}

/** A body with messages that have roles; anything else under these keys is something else. */
function requestBody(attributes: Attributes): Json | undefined {
  for (const key of REQUEST_BODIES) {
    const body = asJson(parsedValue(attributes[key]));
    const messages = asList(body['messages']);
    const areApi = messages.length > 0 && messages.every((message) => isApiMessage(asJson(message)));
    if (areApi) return body;
  }
  return undefined;
}

const API_ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant']);

function isApiMessage({ role, content, tool_calls: calls }: Json): boolean {
  if (!API_ROLES.has(role) || calls !== undefined) return false;
  return typeof content === 'string' || isApiContent(content);
}

const API_BLOCKS =
  /^(?:text|thinking|redacted_thinking|image|document|search_result|.*tool_use|.*tool_result)$/;

function isApiContent(content: unknown): boolean {
  return (
    Array.isArray(content) && content.every((block) => API_BLOCKS.test(asText(asJson(block)['type']) ?? ''))
  );
}

function answerBody(attributes: Attributes): Json | undefined {
  for (const key of ANSWER_BODIES) {
    const outer = asJson(parsedValue(attributes[key]));
    const body = outer['message'] === undefined ? outer : asJson(outer['message']);
    if (body['role'] === 'assistant' && isApiContent(body['content'])) return body;
  }
  return undefined;
}

function requestOf(attributes: Attributes): Json | undefined {
  const talk = findTalk(attributes);
  const tools = findTools(attributes);
  const system = [...reportedBlocks(attributes['gen_ai.system_instructions']), ...(talk?.system ?? [])];
  if (talk === undefined && system.length === 0) return undefined;
  return {
    model:
      asText(attributes['gen_ai.request.model']) ??
      asText(attributes['llm.model_name']) ??
      asText(attributes['ai.model.id']),
    ...settingsOf(attributes),
    ...(system.length > 0 && { system }),
    ...(tools.length > 0 && { tools }),
    messages: talk?.messages ?? [],
  };
}

function settingsOf(attributes: Attributes): Json {
  const given = asJson(parsedValue(attributes['llm.invocation_parameters']));
  const own = Object.entries({
    max_tokens: attributes['gen_ai.request.max_tokens'],
    temperature: attributes['gen_ai.request.temperature'],
    top_p: attributes['gen_ai.request.top_p'],
  }).filter(([, value]) => typeof value === 'number');
  const { messages: _messages, system: _system, tools: _tools, model: _model, ...rest } = given;
  return { ...rest, ...Object.fromEntries(own) };
}

/** The first of the ways to write messages that the span has. */
function findTalk(attributes: Attributes): ApiTalk | undefined {
  const lists = [
    attributes['gen_ai.input.messages'],
    attributes['ai.prompt.messages'],
    unflatten(attributes, 'llm.input_messages.'),
    unflatten(attributes, 'gen_ai.prompt.'),
    attributes['gen_ai.prompt'],
    attributes['langfuse.observation.input'],
    asJson(parsedValue(attributes['input.value']))['messages'],
  ];
  for (const list of lists) {
    if (list === undefined) continue;
    const talk = talkOf(list);
    if (talk.messages.length > 0 || talk.system.length > 0) return talk;
  }
  for (const key of ['gen_ai.prompt', 'langfuse.observation.input', 'input.value']) {
    const blocks = reportedBlocks(attributes[key]);
    if (blocks.length > 0) return { system: [], messages: [{ role: 'user', content: blocks }] };
  }
  return undefined;
}

function findTools(attributes: Attributes): unknown[] {
  const lists = [
    attributes['gen_ai.tool.definitions'],
    attributes['ai.prompt.tools'],
    unflatten(attributes, 'llm.tools.'),
    unflatten(attributes, 'llm.request.functions.'),
  ];
  return lists.map(reportedTools).find((tools) => tools.length > 0) ?? [];
}

function answerOf(attributes: Attributes): Json | undefined {
  const content = findAnswer(attributes);
  if (content.length === 0) return undefined;
  return {
    type: 'message',
    role: 'assistant',
    model:
      asText(attributes['gen_ai.response.model']) ??
      asText(attributes['llm.response.model_name']) ??
      asText(attributes['ai.response.model']),
    content,
  };
}

function findAnswer(attributes: Attributes): readonly unknown[] {
  const lists = [
    attributes['gen_ai.output.messages'],
    unflatten(attributes, 'llm.output_messages.'),
    unflatten(attributes, 'gen_ai.completion.'),
    attributes['gen_ai.completion'],
    attributes['langfuse.observation.output'],
  ];
  for (const list of lists) {
    if (list === undefined) continue;
    const blocks = talkOf(list).messages.flatMap((message) => message.content);
    if (blocks.length > 0) return blocks;
  }
  const ofAiSdk = [
    ...reportedBlocks(attributes['ai.response.reasoning']).map((block) => ({
      type: 'thinking',
      thinking: asText(asJson(block)['text']) ?? '',
    })),
    ...textBlocks(attributes['ai.response.text'] ?? attributes['ai.response.object']),
    ...asList(parsedValue(attributes['ai.response.toolCalls'])).flatMap((call) =>
      reportedBlocks({ type: 'tool_call', ...asJson(call) }),
    ),
  ];
  if (ofAiSdk.length > 0) return ofAiSdk;
  for (const key of ['gen_ai.completion', 'langfuse.observation.output', 'output.value']) {
    const blocks = textBlocks(attributes[key]);
    if (blocks.length > 0) return blocks;
  }
  return [];
}

function textBlocks(value: unknown): unknown[] {
  return typeof value === 'string' && value !== '' ? [{ type: 'text', text: value }] : [];
}

type Node = Map<string, unknown>;
/** No emitter nests deeper. */
const DEEPEST = 16;

/** Attributes such as `PREFIX0.message.role` as the list that they were; undefined where there are none. */
function unflatten(attributes: Attributes, prefix: string): unknown {
  const root: Node = new Map();
  for (const key in attributes) {
    if (!key.startsWith(prefix)) continue;
    const path = key.slice(prefix.length).split('.', DEEPEST);
    let node = root;
    for (const step of path.slice(0, -1)) {
      const next = node.get(step);
      const inner: Node = next instanceof Map ? (next as Node) : new Map();
      node.set(step, inner);
      node = inner;
    }
    const last = path.at(-1) ?? '';
    if (!(node.get(last) instanceof Map)) node.set(last, attributes[key]);
  }
  return root.size === 0 ? undefined : valueOf(root);
}

function valueOf(node: unknown): unknown {
  if (!(node instanceof Map)) return node;
  const entries = [...(node as Node)];
  if (entries.every(([key]) => /^\d+$/.test(key)))
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => valueOf(value));
  return Object.fromEntries(entries.map(([key, value]) => [key, valueOf(value)]));
}
