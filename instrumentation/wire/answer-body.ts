// The body of an answer, read along as its bytes come: JSON at its end, the events of a stream one by one, whether they
// come as text or as frames of AWS.

import { ConverseEvents, messageOfConverse } from '../../core/model-call/converse.ts';
import { asJson, asText } from '../../core/model-call/json.ts';
import type { MessageReader } from '../../core/model-call/message-reader.ts';
import { guard } from '../process/guard.ts';
import { FrameReader, type AwsFrame } from './aws-frames.ts';
import { decodeWhole, Decoding, encodingsOf } from './decoding.ts';
import type { Endpoint } from './endpoint.ts';
import { StreamText } from './stream-text.ts';

/** A whole answer is kept up to this size until it is read; a larger one is none of the API. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

export interface AnswerHead {
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
}

export interface AnswerTarget {
  readonly answer: MessageReader;
  readonly endpoint: Endpoint;
  /** Model that was asked for. */
  readonly model: string;
}

/** Reads what comes into the reader of the call. */
export class AnswerBody {
  /** Type of the error that the body reports. */
  errorType: string | undefined;
  readonly isStream: boolean;
  readonly #target: AnswerTarget;
  readonly #encodings: readonly string[];
  readonly #decoding: Decoding | undefined;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(head: AnswerHead, target: AnswerTarget) {
    this.#target = target;
    this.#encodings = encodingsOf(head.contentEncoding);
    const read = head.contentType.startsWith('text/event-stream')
      ? this.#textReader()
      : head.contentType.startsWith('application/vnd.amazon.eventstream')
        ? this.#frameReader()
        : undefined;
    this.isStream = read !== undefined;
    if (read !== undefined) this.#decoding = new Decoding(this.#encodings, read);
  }

  push(piece: Buffer): void {
    if (this.#decoding !== undefined) {
      this.#decoding.push(piece);
      return;
    }
    this.#bytes += piece.length;
    if (this.#bytes > MAX_WHOLE_BYTES) this.#pieces.length = 0;
    else this.#pieces.push(piece);
  }

  /** All has come; `onRead` is called when it is read, for what is not compressed at once. */
  end(onRead: () => void): void {
    if (this.#decoding !== undefined) {
      this.#decoding.end(onRead);
      return;
    }
    guard('read body', () => {
      this.#readWhole();
    });
    onRead();
  }

  close(): void {
    this.#pieces.length = 0;
    this.#decoding?.close();
  }

  #readWhole(): void {
    if (this.#bytes > MAX_WHOLE_BYTES) return;
    const text = decodeWhole(Buffer.concat(this.#pieces), this.#encodings, MAX_WHOLE_BYTES).toString();
    this.#pieces.length = 0;
    const { answer, endpoint, model } = this.#target;
    if (!/^\s*\{/.test(text)) {
      answer.readBody(text);
      return;
    }
    const parsed = guard('parse answer', () => JSON.parse(text) as unknown);
    // It was cut, or is none of the API's.
    if (parsed === undefined) this.errorType = 'api_error';
    const body = asJson(parsed);
    this.#readError(body);
    if (this.errorType !== undefined) return;
    answer.readMessage(endpoint.form === 'converse' ? messageOfConverse(body, model) : body);
  }

  #textReader(): (piece: Buffer) => void {
    const text = new StreamText((event, atMs) => {
      this.#readEvent(event, atMs);
    });
    return (piece) => {
      text.push(piece);
    };
  }

  #frameReader(): (piece: Buffer) => void {
    const frames = new FrameReader();
    const converse = new ConverseEvents(this.#target.model);
    const isConverse = this.#target.endpoint.form === 'converse';
    return (piece) => {
      const nowMs = Date.now();
      for (const frame of frames.push(piece)) {
        const read = isConverse ? converse.read(frame.type, jsonOf(frame)) : [wrappedEvent(frame)];
        for (const event of read) this.#readEvent(event, nowMs);
      }
    };
  }

  #readEvent(event: unknown, atMs: number): void {
    const read = asJson(event);
    if (read['type'] === 'error') this.#readError(read);
    else this.#target.answer.readEvent(read, atMs);
  }

  #readError(body: Readonly<Record<string, unknown>>): void {
    if (body['type'] !== 'error') return;
    this.errorType = asText(asJson(body['error'])['type']) ?? 'api_error';
  }
}

/** A frame of a cloud's wrapping holds an event of the API as base64. */
function wrappedEvent(frame: AwsFrame): unknown {
  if (frame.type.endsWith('Exception')) return { type: 'error', error: { type: frame.type } };
  const bytes = asText(asJson(jsonOf(frame))['bytes']);
  return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes, 'base64').toString());
}

function jsonOf({ payload }: AwsFrame): unknown {
  const text = Buffer.from(payload).toString();
  return text === '' ? {} : (JSON.parse(text) as unknown);
}
