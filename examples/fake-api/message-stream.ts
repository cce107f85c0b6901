// The server-sent events that the API would send for one finished message.

import type { SseEvent } from './exchange.ts';

interface TextBlock {
  readonly type: 'text';
  readonly text: string;
}
interface ToolUseBlock {
  readonly type: 'tool_use';
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}
interface ThinkingBlock {
  readonly type: 'thinking';
  readonly thinking: string;
  readonly signature: string;
}
export type FakeBlock = TextBlock | ToolUseBlock | ThinkingBlock;

export interface FakeMessage {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly FakeBlock[];
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly usage: Readonly<Record<string, unknown>>;
}

export interface StreamOptions {
  /** Length of each streamed piece of text. */
  readonly pieceLength?: number;
  /** Wait before each event. */
  readonly delayMs?: number;
}

/** Splits a message into `message_start`, its blocks in pieces, `message_delta` and `message_stop`. */
export function streamMessage(message: FakeMessage, options: StreamOptions = {}): SseEvent[] {
  const { pieceLength = 12, delayMs = 0 } = options;
  const { output_tokens: outputTokens, output_tokens_details: details, ...atStart } = message.usage;
  const start = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...atStart, output_tokens: 1 },
  };
  const delta = {
    type: 'message_delta',
    delta: { stop_reason: message.stop_reason, stop_sequence: null },
    usage: {
      input_tokens: atStart['input_tokens'],
      cache_creation_input_tokens: atStart['cache_creation_input_tokens'],
      cache_read_input_tokens: atStart['cache_read_input_tokens'],
      output_tokens: outputTokens,
      ...(details === undefined ? {} : { output_tokens_details: details }),
    },
  };
  const values: Record<string, unknown>[] = [{ type: 'message_start', message: start }, { type: 'ping' }];
  for (const [index, block] of message.content.entries())
    values.push(...streamBlock(block, index, pieceLength));
  values.push(delta, { type: 'message_stop' });
  return values.map((data) => ({ event: String(data['type']), data, delayMs }));
}

function streamBlock(block: FakeBlock, index: number, pieceLength: number): Record<string, unknown>[] {
  const start = (contentBlock: unknown): Record<string, unknown> => ({
    type: 'content_block_start',
    index,
    content_block: contentBlock,
  });
  const piecesOf = (text: string, wrap: (piece: string) => unknown): Record<string, unknown>[] =>
    cut(text, pieceLength).map((piece) => ({ type: 'content_block_delta', index, delta: wrap(piece) }));
  const stop = { type: 'content_block_stop', index };
  switch (block.type) {
    case 'text':
      return [
        start({ type: 'text', text: '' }),
        ...piecesOf(block.text, (text) => ({ type: 'text_delta', text })),
        stop,
      ];
    case 'tool_use':
      return [
        start({ ...block, input: {} }),
        ...piecesOf(JSON.stringify(block.input), (piece) => ({
          type: 'input_json_delta',
          partial_json: piece,
        })),
        stop,
      ];
    case 'thinking':
      return [
        start({ type: 'thinking', thinking: '', signature: '' }),
        ...piecesOf(block.thinking, (thinking) => ({ type: 'thinking_delta', thinking })),
        {
          type: 'content_block_delta',
          index,
          delta: { type: 'signature_delta', signature: block.signature },
        },
        stop,
      ];
  }
}

function cut(text: string, length: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += length) pieces.push(text.slice(at, at + length));
  return pieces;
}
