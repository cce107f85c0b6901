// Converse: Bedrock's own form of a Messages request and its answer, which the Converse API takes for every model. Put
// into the form of the Messages API here, so that one reader reads both.

import { asJson, asList, asText, type Json } from './json.ts';

/** A Converse request as the Messages request that it stands for. */
export function messagesOfConverse(body: unknown, model: string, isStreamed: boolean): Json {
  const { messages, system, inferenceConfig, toolConfig } = asJson(body);
  const { tools, toolChoice } = asJson(toolConfig);
  return {
    model,
    stream: isStreamed,
    max_tokens: asJson(inferenceConfig)['maxTokens'],
    ...(system !== undefined && { system: blocksOf(system) }),
    ...(tools !== undefined && { tools: withBreakpoints(asList(tools), toolOf) }),
    ...(toolChoice !== undefined && { tool_choice: choiceOf(asJson(toolChoice)) }),
    messages: asList(messages).map((message) => ({
      role: asJson(message)['role'],
      content: blocksOf(asJson(message)['content']),
    })),
  };
}

/** A whole Converse answer as the Message that it stands for. */
export function messageOfConverse(body: unknown, model: string): Json {
  const { output, stopReason, usage } = asJson(body);
  return {
    type: 'message',
    role: 'assistant',
    model,
    content: blocksOf(asJson(asJson(output)['message'])['content']),
    stop_reason: asText(stopReason) ?? null,
    ...(usage !== undefined && { usage: usageOf(asJson(usage)) }),
  };
}

/** Puts the events of a Converse stream, one by one, into those of a Messages stream. */
export class ConverseEvents {
  readonly #model: string;
  readonly #open = new Set<number>();
  #stopReason: unknown;

  constructor(model: string) {
    this.#model = model;
  }

  /** The events of a Messages stream that this one stands for. */
  read(type: string, value: unknown): Json[] {
    const event = asJson(value);
    const index = Number(event['contentBlockIndex'] ?? 0);
    switch (type) {
      case 'messageStart':
        return [
          { type: 'message_start', message: { type: 'message', role: 'assistant', model: this.#model } },
        ];
      case 'contentBlockStart':
        return [this.#start(index, blockOf(asJson(event['start'])) ?? { type: 'text', text: '' })];
      case 'contentBlockDelta':
        return this.#delta(index, asJson(event['delta']));
      case 'contentBlockStop':
        return [{ type: 'content_block_stop', index }];
      case 'messageStop':
        this.#stopReason = event['stopReason'];
        return [];
      case 'metadata':
        return [
          {
            type: 'message_delta',
            delta: { stop_reason: this.#stopReason ?? null },
            usage: usageOf(asJson(event['usage'])),
          },
          { type: 'message_stop' },
        ];
      default:
        return type.endsWith('Exception') ? [{ type: 'error', error: { type } }] : [];
    }
  }

  #start(index: number, block: Json): Json {
    this.#open.add(index);
    return { type: 'content_block_start', index, content_block: block };
  }

  /** A block of text begins with its first piece. */
  #delta(index: number, delta: Json): Json[] {
    const { text, toolUse, reasoningContent } = delta;
    const reasoning = asJson(reasoningContent);
    const isThought = reasoningContent !== undefined;
    const began = this.#open.has(index)
      ? []
      : [this.#start(index, isThought ? { type: 'thinking', thinking: '' } : { type: 'text', text: '' })];
    const piece = isThought
      ? { type: 'thinking_delta', thinking: asText(reasoning['text']) ?? '' }
      : toolUse === undefined
        ? { type: 'text_delta', text: asText(text) ?? '' }
        : { type: 'input_json_delta', partial_json: asText(asJson(toolUse)['input']) ?? '' };
    return [...began, { type: 'content_block_delta', index, delta: piece }];
  }
}

/** Counts of Converse are disjoint, as those of the Messages API are. */
function usageOf(usage: Json): Json {
  const details = asList(usage['cacheDetails']).map(asJson);
  const written = (ttl: string): number =>
    details.reduce((sum, row) => sum + (row['ttl'] === ttl ? Number(row['inputTokens'] ?? 0) : 0), 0);
  return {
    input_tokens: usage['inputTokens'],
    output_tokens: usage['outputTokens'],
    cache_read_input_tokens: usage['cacheReadInputTokens'] ?? 0,
    cache_creation_input_tokens: usage['cacheWriteInputTokens'] ?? 0,
    ...(details.length > 0 && {
      cache_creation: {
        ephemeral_5m_input_tokens: written('5m'),
        ephemeral_1h_input_tokens: written('1h'),
      },
    }),
  };
}

function blocksOf(content: unknown): Json[] {
  return withBreakpoints(asList(content), blockOf);
}

/** A cache point is a breakpoint of the block before it. */
function withBreakpoints(list: readonly unknown[], read: (block: Json) => Json | undefined): Json[] {
  const blocks: Json[] = [];
  for (const value of list) {
    const block = asJson(value);
    const last = blocks.at(-1);
    if (block['cachePoint'] !== undefined && last !== undefined) {
      const { ttl } = asJson(block['cachePoint']);
      blocks[blocks.length - 1] = {
        ...last,
        cache_control: { type: 'ephemeral', ...(ttl !== undefined && { ttl }) },
      };
      continue;
    }
    const found = read(block);
    if (found !== undefined) blocks.push(found);
  }
  return blocks;
}

function blockOf(block: Json): Json | undefined {
  if (typeof block['text'] === 'string') return { type: 'text', text: block['text'] };
  if (block['toolUse'] !== undefined) {
    const { toolUseId, name, input } = asJson(block['toolUse']);
    return { type: 'tool_use', id: toolUseId, name, input: input ?? {} };
  }
  if (block['toolResult'] !== undefined) {
    const { toolUseId, content, status } = asJson(block['toolResult']);
    return {
      type: 'tool_result',
      tool_use_id: toolUseId,
      is_error: status === 'error',
      content: asList(content).map((part) => {
        const { text, json } = asJson(part);
        return typeof text === 'string'
          ? { type: 'text', text }
          : { type: 'text', text: JSON.stringify(json ?? part) };
      }),
    };
  }
  if (block['reasoningContent'] !== undefined) {
    const { text, signature } = asJson(asJson(block['reasoningContent'])['reasoningText']);
    return { type: 'thinking', thinking: asText(text) ?? '', signature };
  }
  const [kind] = Object.keys(block);
  return kind === undefined ? undefined : { type: kind, source: block[kind] };
}

function toolOf(tool: Json): Json | undefined {
  const { name, description, inputSchema } = asJson(tool['toolSpec']);
  if (name === undefined) return undefined;
  return { name, description, input_schema: asJson(inputSchema)['json'] };
}

function choiceOf(choice: Json): Json {
  if (choice['tool'] !== undefined) return { type: 'tool', name: asJson(choice['tool'])['name'] };
  return { type: choice['any'] === undefined ? 'auto' : 'any' };
}
