// Recorded content: request and answer of a call as JSON, so that a run can be replayed. Only with
// TALLYSPAN_CONTENT=full. The message of a stream is rebuilt from its events, signatures included: the next
// request repeats it, and must be found equal.

import type { Fields } from './event-log.ts';
import { asJson, asList, asText } from './request-facts.ts';

/** Longer ones are left out: a part of a request or an answer replays nothing. */
const MAX_CHARS = 1_000_000;

type Json = Record<string, unknown>;

/** JSON of a request or message; `undefined` when it is too long. */
export function contentJson(value: unknown): string | undefined {
  const json = JSON.stringify(value);
  return json === undefined || json.length > MAX_CHARS ? undefined : json;
}

/** The fields of the event that hold the content; none where none is wanted. */
export function contentFields(
  requestJson: string | undefined,
  message: RecordedMessage | undefined,
): Fields | undefined {
  if (message === undefined) return undefined;
  const responseJson = message.isEmpty ? undefined : contentJson(message.value);
  const isCut = requestJson === undefined || (responseJson === undefined && !message.isEmpty);
  return {
    'tallyspan.request_json': requestJson,
    'tallyspan.response_json': responseJson,
    'tallyspan.content_cut': isCut ? true : undefined,
  };
}

/** One message as the API sent it, whole or event by event. */
export class RecordedMessage {
  #message: Json | undefined;
  readonly #blocks: Json[] = [];
  /** JSON of each tool input as far as it streamed in, by the index of its block. */
  readonly #inputs = new Map<number, string>();
  #isWhole = false;

  /** True when nothing was answered. */
  get isEmpty(): boolean {
    return this.#message === undefined;
  }

  get value(): unknown {
    if (this.#isWhole) return this.#message;
    return {
      ...this.#message,
      content: this.#blocks.map((block, index) => {
        const input = this.#inputs.get(index);
        return input === undefined ? block : { ...block, input: parseInput(input) };
      }),
    };
  }

  readMessage(message: Readonly<Json>): void {
    this.#message = message;
    this.#isWhole = true;
  }

  readEvent(event: Readonly<Json>): void {
    const index = Number(event['index']);
    switch (event['type']) {
      case 'message_start':
        this.#message = { ...asJson(event['message']) };
        return;
      case 'content_block_start':
        this.#blocks[index] = { ...asJson(event['content_block']) };
        return;
      case 'content_block_delta':
        this.#readDelta(index, asJson(event['delta']));
        return;
      case 'message_delta':
        this.#message = {
          ...this.#message,
          ...asJson(event['delta']),
          usage: { ...asJson(this.#message?.['usage']), ...asJson(event['usage']) },
        };
        return;
      default:
    }
  }

  #readDelta(index: number, delta: Readonly<Json>): void {
    const block = this.#blocks[index];
    if (block === undefined) return;
    const append = (key: string): void => {
      block[key] = `${asText(block[key]) ?? ''}${asText(delta[key]) ?? ''}`;
    };
    switch (delta['type']) {
      case 'text_delta':
        append('text');
        return;
      case 'thinking_delta':
        append('thinking');
        return;
      case 'signature_delta':
        block['signature'] = delta['signature'];
        return;
      case 'input_json_delta':
        this.#inputs.set(index, `${this.#inputs.get(index) ?? ''}${asText(delta['partial_json']) ?? ''}`);
        return;
      case 'citations_delta':
        block['citations'] = [...asList(block['citations']), delta['citation']];
        return;
      default:
    }
  }
}

function parseInput(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text) as unknown;
  } catch {
    return text;
  }
}
