// The bytes of a request's body, gathered as its pieces leave. What others may write to again is copied; what a program
// or its client has compressed is decoded.

import { guard } from '../../process/guard.ts';
import { decodeWhole, encodingsOf, joinPieces } from '../decoding.ts';

/** The API takes no larger requests. */
const MOST_BYTES = 32 * 1024 * 1024;

export class SentBody {
  /** Bytes so far. */
  length = 0;
  readonly #pieces: Buffer[] = [];
  readonly #encodings: readonly string[];

  /** @param contentEncoding header of the request */
  constructor(contentEncoding?: string) {
    this.#encodings = encodingsOf(contentEncoding);
  }

  get isTooLarge(): boolean {
    return this.length > MOST_BYTES;
  }

  /**
   * @param piece what is neither text nor bytes is none of a body
   * @param isLent whether its memory is that of a program, which may use it again
   */
  add(piece: unknown, isLent: boolean): void {
    if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) return;
    const bytes =
      typeof piece === 'string' || isLent
        ? Buffer.from(piece as Uint8Array)
        : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    this.length += bytes.length;
    if (this.isTooLarge) this.clear();
    else this.#pieces.push(bytes);
  }

  /** The whole body, which is not kept; empty where it is not encoded as its header says. */
  take(): Buffer {
    const body = joinPieces(this.#pieces);
    this.clear();
    if (this.#encodings.length === 0) return body;
    return guard('decode request', () => decodeWhole(body, this.#encodings, MOST_BYTES)) ?? Buffer.alloc(0);
  }

  clear(): void {
    this.#pieces.length = 0;
  }
}
