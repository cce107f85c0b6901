// An answer: what came back for one model call, gathered from a whole message or from stream events.

import { mergeStreamUsage } from '../../core/pricing/stream-usage.ts';
import type { RecordedMessage } from './recorded-content.ts';
import { asJson, asList, asText } from './request-facts.ts';

interface Block {
  type: string;
  id: string | undefined;
  name: string | undefined;
  input: unknown;
  /** Characters of text or thinking, or JSON of a tool's input as it streams in. */
  text: string;
}

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export class Answer {
  id: string | undefined;
  model: string | undefined;
  stopReason: string | undefined;
  cacheMissReason: string | undefined;
  /** True when the stop reason and the final usage were seen. */
  isComplete = false;
  firstChunkMs: number | undefined;
  /** Final content as the API sent it; `undefined` for a stream. */
  content: unknown;
  /** The whole message; only where content is wanted. */
  recording: RecordedMessage | undefined;
  readonly #usages: unknown[] = [];
  /** Merge of the first `mergedCount` usages. */
  #merged: Readonly<Record<string, unknown>> | undefined;
  #mergedCount = 0;
  readonly #blocks = new Map<number, Block>();

  /** A whole message. */
  readMessage(value: unknown): void {
    const message = asJson(value);
    this.recording?.readMessage(message);
    this.#readStart(message);
    this.content = message['content'];
    for (const [index, block] of asList(message['content']).entries()) this.#readBlock(index, asJson(block));
    this.isComplete = true;
  }

  /** One stream event, in order. */
  readEvent(value: unknown): void {
    const event = asJson(value);
    this.recording?.readEvent(event);
    switch (event['type']) {
      case 'message_start':
        this.#readStart(asJson(event['message']));
        return;
      case 'content_block_start':
        this.#readBlock(Number(event['index']), asJson(event['content_block']));
        return;
      case 'content_block_delta':
        this.firstChunkMs ??= Date.now();
        this.#readDelta(Number(event['index']), asJson(event['delta']));
        return;
      case 'message_delta': {
        this.stopReason = asText(asJson(event['delta'])['stop_reason']) ?? this.stopReason;
        this.#usages.push(event['usage']);
        this.isComplete = true;
        return;
      }
      default:
    }
  }

  /** Usage as the API would have sent it for a whole message; `undefined` when none was seen. */
  get usage(): Readonly<Record<string, unknown>> | undefined {
    if (this.#mergedCount !== this.#usages.length) {
      this.#merged = mergeStreamUsage(this.#usages);
      this.#mergedCount = this.#usages.length;
    }
    return this.#merged;
  }

  /** Characters of the text blocks. */
  get textLength(): number {
    return this.#sum((block) => (block.type === 'text' ? block.text.length : 0));
  }

  /** Characters of everything the model wrote. */
  get outputLength(): number {
    return this.#sum((block) => block.text.length);
  }

  get hasOutput(): boolean {
    return this.#blocks.size > 0;
  }

  get hasCodeExecution(): boolean {
    return [...this.#blocks.values()].some(
      ({ type, name }) => type === 'server_tool_use' && name !== undefined && name.includes('code_execution'),
    );
  }

  get toolUses(): ToolUse[] {
    return [...this.#blocks.values()].flatMap(({ type, id, name, input, text }) =>
      type === 'tool_use' && id !== undefined && name !== undefined
        ? [{ id, name, input: isEmptyObject(input) ? parseInput(text) : input }]
        : [],
    );
  }

  /** Ids of all blocks that have one. */
  get blockIds(): string[] {
    return [...this.#blocks.values()].flatMap(({ id }) => id ?? []);
  }

  /** The content as blocks: the message's own, or rebuilt from the stream. */
  get blocks(): unknown {
    if (this.content !== undefined) return this.content;
    return [...this.#blocks.values()].map(({ type, id, name, input, text }) => {
      if (type === 'text') return { type, text };
      if (type === 'thinking') return { type, thinking: text };
      return { type, id, name, input: isEmptyObject(input) ? parseInput(text) : input };
    });
  }

  #readStart(message: Readonly<Record<string, unknown>>): void {
    this.id = asText(message['id']) ?? this.id;
    this.model = asText(message['model']) ?? this.model;
    this.stopReason = asText(message['stop_reason']) ?? this.stopReason;
    this.cacheMissReason =
      asText(asJson(asJson(message['diagnostics'])['cache_miss_reason'])['type']) ??
      asText(asJson(message['diagnostics'])['cache_miss_reason']);
    if (message['usage'] !== undefined) this.#usages.push(message['usage']);
  }

  #readBlock(index: number, block: Readonly<Record<string, unknown>>): void {
    const type = asText(block['type']) ?? 'unknown';
    const input = block['input'];
    const written = asText(block['text']) ?? asText(block['thinking']) ?? '';
    this.#blocks.set(index, {
      type,
      id: asText(block['id']),
      name: asText(block['name']),
      input,
      text: type.endsWith('tool_use') && !isEmptyObject(input) ? (JSON.stringify(input) ?? '') : written,
    });
    // A fallback block names the model that writes the rest.
    if (type === 'fallback') this.model = asText(asJson(block['to'])['model']) ?? this.model;
  }

  #readDelta(index: number, delta: Readonly<Record<string, unknown>>): void {
    const block = this.#blocks.get(index);
    if (block === undefined) return;
    block.text += asText(delta['text']) ?? asText(delta['partial_json']) ?? asText(delta['thinking']) ?? '';
  }

  #sum(measure: (block: Block) => number): number {
    let total = 0;
    for (const block of this.#blocks.values()) total += measure(block);
    return total;
  }
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Input of a tool as it streamed in; what is no JSON (a cut stream) stays text. */
function parseInput(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
