// Messages and usages that several tests let the fake API answer with.

import {
  streamMessage,
  type Exchange,
  type FakeBlock,
  type FakeMessage,
  type StreamOptions,
} from './anthropic-api.ts';

let serial = 0;

export interface MessageOptions {
  readonly model?: string;
  readonly blocks?: readonly FakeBlock[];
  readonly stopReason?: string;
  readonly usage?: Readonly<Record<string, unknown>>;
}

/** A finished message with ids of its own. */
export function makeMessage(options: MessageOptions = {}): FakeMessage {
  serial += 1;
  const content = options.blocks ?? [text('Hello there, how can I help?')];
  const isToolUse = content.some(({ type }) => type === 'tool_use');
  return {
    id: `msg_${String(serial)}`,
    type: 'message',
    role: 'assistant',
    model: options.model ?? 'claude-sonnet-5-5',
    content,
    stop_reason: options.stopReason ?? (isToolUse ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage: {
      input_tokens: 100,
      output_tokens: 20,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      service_tier: 'standard',
      ...options.usage,
    },
  };
}

export function text(words: string): FakeBlock {
  return { type: 'text', text: words };
}

export function toolUse(name: string, input: unknown, id = `toolu_${String((serial += 1))}`): FakeBlock {
  return { type: 'tool_use', id, name, input };
}

export function answer(options: MessageOptions = {}): Exchange {
  return { json: makeMessage(options) };
}

export function streamedAnswer(options: MessageOptions = {}, stream: StreamOptions = {}): Exchange {
  return { events: streamMessage(makeMessage(options), stream) };
}
