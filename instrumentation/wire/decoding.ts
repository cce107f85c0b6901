// Decoding: the bytes of an answer as they were before they were compressed for the way, decoded on the side: what the
// program reads is untouched. An answer that is wanted whole is decoded at its end, a stream piece by piece.

import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createInflate,
  createUnzip,
  createZstdDecompress,
  inflateSync,
  unzipSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Transform } from 'node:stream';
import { guarded } from '../process/guard.ts';

const SYNC = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_SYNC = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};

/** The encodings of a `content-encoding` header, in the order in which they were applied. */
export function encodingsOf(header: string | undefined): string[] {
  return (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
}

/** A whole body, decoded; throws when it is not of that encoding. */
export function decodeWhole(bytes: Buffer, encodings: readonly string[], maxBytes: number): Buffer {
  let body = bytes;
  for (const encoding of encodings.toReversed()) body = decodeStep(body, encoding, maxBytes);
  return body;
}

function decodeStep(body: Buffer, encoding: string, maxOutputLength: number): Buffer {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return unzipSync(body, { ...SYNC, maxOutputLength });
    case 'deflate':
      return inflateSync(body, { ...SYNC, maxOutputLength });
    case 'br':
      return brotliDecompressSync(body, { ...BROTLI_SYNC, maxOutputLength });
    case 'zstd':
      return zstdDecompressSync(body, { maxOutputLength });
    default:
      throw new Error(`unknown content encoding ${encoding}`);
  }
}

/** Decodes piece by piece; without encodings each piece is handed on at once. */
export class Decoding {
  readonly #steps: readonly Transform[];
  readonly #onPiece: (piece: Buffer) => void;
  #onEnd: (() => void) | undefined;

  /** @param onPiece called with each decoded piece, in order */
  constructor(encodings: readonly string[], onPiece: (piece: Buffer) => void) {
    this.#onPiece = onPiece;
    this.#steps = encodings.toReversed().map(decoderOf);
    const ended = guarded('decoded all', () => this.#onEnd?.());
    this.#steps.forEach((step, index) => {
      const next = this.#steps[index + 1];
      const onData = guarded('decoded', (piece: Buffer) => {
        if (next === undefined) onPiece(piece);
        else next.write(piece);
      });
      const onEnd = guarded('decoded step', () => {
        if (next === undefined) ended();
        else next.end();
      });
      step.on('data', onData);
      step.on('end', onEnd);
      step.on('error', ended);
    });
  }

  push(piece: Buffer): void {
    const [first] = this.#steps;
    if (first === undefined) this.#onPiece(piece);
    // The piece belongs to the network's buffer only until we return.
    else first.write(Buffer.from(piece));
  }

  /** No more comes; `onEnd` is called when all is decoded, at once where nothing is to decode. */
  end(onEnd: () => void): void {
    const [first] = this.#steps;
    if (first === undefined || this.#steps.some(({ destroyed }) => destroyed)) {
      onEnd();
      return;
    }
    this.#onEnd = onEnd;
    first.end();
  }

  /** Nothing more is wanted. */
  close(): void {
    for (const step of this.#steps) step.destroy();
  }
}

function decoderOf(encoding: string): Transform {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createUnzip(SYNC);
    case 'deflate':
      return createInflate(SYNC);
    case 'br':
      return createBrotliDecompress(BROTLI_SYNC);
    case 'zstd':
      return createZstdDecompress();
    default:
      throw new Error(`unknown content encoding ${encoding}`);
  }
}
