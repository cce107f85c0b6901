// The body of an answer, read along as its bytes come: JSON at its end, the events of a stream one by one, whether they
// come as text or as frames of AWS.

import { reportedError } from '../../core/model-call/answer-error.ts';
import { ConverseEvents, messageOfConverse } from '../../core/model-call/converse.ts';
import { asJson, asText } from '../../core/model-call/json.ts';
import type { MessageReader } from '../../core/model-call/message-reader.ts';
import { guard } from '../process/guard.ts';
import { FrameReader, type AwsFrame } from './aws-frames.ts';
import { decodeWhole, Decoding, encodingsOf, joinPieces } from './decoding.ts';
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
  /** Whether the status says that there is no answer. */
  readonly isFailed: boolean;
}

/** How an event stream begins, and JSON does not. */
const EVENT_START = /^[\s\u{FEFF}]*(?:event|data|id|retry)?:/u;
/** How JSON begins. */
const JSON_START = /^[\s\u{FEFF}]*\{/u;
/** So much is enough to see how a body begins. */
const START_BYTES = 16;

/**
 * Reads what comes into the reader of the call. Servers and gateways name the type of a body wrong now and then, so it
 * counts as what it begins like.
 */
export class AnswerBody {
  /** Type of the error that the body reports. */
  errorType: string | undefined;
  /** Whether it was whole, and nothing that the API writes. */
  isForeign = false;
  readonly #target: AnswerTarget;
  readonly #encodings: readonly string[];
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #isStart = true;
  #decoding: Decoding | undefined;
  /** Reads a stream, once it is known to be one. */
  #readPiece: ((piece: Buffer) => void) | undefined;

  constructor(head: AnswerHead, target: AnswerTarget) {
    this.#target = target;
    this.#encodings = encodingsOf(head.contentEncoding);
    const type = head.contentType.toLowerCase();
    if (type.startsWith('application/vnd.amazon.eventstream')) {
      this.#isStart = false;
      this.#readPiece = this.#frameReader();
    }
    // A whole body is decoded at its end.
    if (this.#encodings.length > 0 && (this.#readPiece !== undefined || type.includes('event-stream')))
      this.#decoding = new Decoding(this.#encodings, (piece) => {
        this.#take(piece);
      });
  }

  get isStream(): boolean {
    return this.#readPiece !== undefined;
  }

  push(piece: Buffer): void {
    if (this.#decoding !== undefined) this.#decoding.push(piece);
    else if (this.#encodings.length === 0) this.#take(piece);
    else this.#collect(piece);
  }

  /** All has come; `onRead` is called when it is read, for what is not compressed at once. */
  end(onRead: () => void): void {
    if (this.#decoding === undefined) this.#endWhole(this.#encodings, onRead);
    else
      this.#decoding.end(() => {
        this.#endWhole([], onRead);
      });
  }

  /** The process goes, and nothing more can come. */
  decodeRest(): void {
    this.#decoding?.decodeRest();
  }

  close(): void {
    this.#pieces.length = 0;
    this.#decoding?.close();
  }

  #take(piece: Buffer): void {
    if (this.#readPiece !== undefined) this.#readPiece(piece);
    else {
      this.#collect(piece);
      if (this.#isStart && this.#bytes >= START_BYTES) this.#seeStart();
    }
  }

  #seeStart(): void {
    this.#isStart = false;
    const begun = joinPieces(this.#pieces);
    if (!EVENT_START.test(begun.toString('utf8', 0, START_BYTES))) return;
    this.#pieces.length = 0;
    this.#readPiece = this.#textReader();
    this.#readPiece(begun);
  }

  #collect(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > MAX_WHOLE_BYTES) this.#pieces.length = 0;
    else this.#pieces.push(piece);
  }

  #endWhole(encodings: readonly string[], onRead: () => void): void {
    if (this.#readPiece === undefined) {
      guard('read body', () => {
        this.#readWhole(encodings);
      });
    }
    onRead();
  }

  #readWhole(encodings: readonly string[]): void {
    if (this.#bytes > MAX_WHOLE_BYTES) return;
    const bytes = decodeWhole(joinPieces(this.#pieces), encodings, MAX_WHOLE_BYTES);
    this.#pieces.length = 0;
    const text = bytes.toString();
    const { answer, endpoint, model } = this.#target;
    if (EVENT_START.test(text)) {
      this.#readPiece = this.#textReader();
      this.#readPiece(bytes);
      this.#readPiece(Buffer.from('\n\n'));
      return;
    }
    const parsed = JSON_START.test(text)
      ? guard('parse answer', () => JSON.parse(text.trimStart()) as unknown)
      : undefined;
    // It was cut, or is none of the API's.
    this.isForeign = parsed === undefined;
    const body = asJson(parsed);
    this.#readError(body);
    if (this.errorType === undefined && !this.isForeign && !this.#target.isFailed)
      answer.readMessage(endpoint.form === 'converse' ? messageOfConverse(body, model) : body);
  }

  #textReader(): (piece: Buffer) => void {
    const text = new StreamText(
      (event, atMs) => {
        this.#readEvent(event, atMs);
      },
      (index, chars) => {
        this.#target.answer.passOver(index, chars);
      },
    );
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
        guard('read frame', () => {
          const read = isConverse ? converse.read(frame.type, jsonOf(frame)) : [wrappedEvent(frame)];
          for (const event of read) this.#readEvent(event, nowMs);
        });
      }
    };
  }

  #readEvent(event: unknown, atMs: number): void {
    const read = asJson(event);
    if (read['type'] === 'error') this.#readError(read);
    else this.#target.answer.readEvent(read, atMs);
  }

  #readError(body: Readonly<Record<string, unknown>>): void {
    this.errorType = reportedError(body) ?? this.errorType;
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
