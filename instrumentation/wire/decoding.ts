// Decoding: the bytes of an answer as they were before they were compressed for the way, decoded on the side: what the
// program reads is untouched. An answer that is wanted whole is decoded at its end, a stream piece by piece.

import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createInflate,
  createInflateRaw,
  createUnzip,
  createZstdDecompress,
  inflateRawSync,
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

const KNOWN: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd']);
/** Low half of the first byte of what is written with zlib's header; some servers leave it out. */
const ZLIB_METHOD = 8;

/**
 * The encodings of a `content-encoding` header, in the order in which they were applied. Others, such as the names of
 * charsets that some servers write there, change nothing as a rule.
 */
export function encodingsOf(header: string | undefined): string[] {
  return (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => KNOWN.has(name));
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
      return (hasZlibHeader(body) ? inflateSync : inflateRawSync)(body, { ...SYNC, maxOutputLength });
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
  /** The encodings in the order in which they are undone. */
  readonly #encodings: readonly string[];
  /** A step is made when its first piece comes. */
  readonly #steps: Transform[] = [];
  readonly #onPiece: (piece: Buffer) => void;
  #onEnd: (() => void) | undefined;
  #isBroken = false;

  /** @param onPiece called with each decoded piece, in order */
  constructor(encodings: readonly string[], onPiece: (piece: Buffer) => void) {
    this.#onPiece = onPiece;
    this.#encodings = encodings.toReversed();
  }

  push(piece: Buffer): void {
    // The piece belongs to the network's buffer only until we return.
    this.#write(0, this.#encodings.length === 0 ? piece : Buffer.from(piece));
  }

  /** No more comes; `onEnd` is called when all is decoded, at once where nothing is to decode. */
  end(onEnd: () => void): void {
    this.#onEnd = onEnd;
    this.#endStep(0);
  }

  /** Nothing more is wanted. */
  close(): void {
    for (const step of this.#steps) step.destroy();
  }

  #write(index: number, piece: Buffer): void {
    const encoding = this.#encodings[index];
    if (encoding === undefined) {
      this.#onPiece(piece);
      return;
    }
    if (this.#isBroken || piece.length === 0) return;
    this.#steps[index] ??= this.#makeStep(index, encoding, piece);
    this.#steps[index].write(piece);
  }

  #endStep(index: number): void {
    const step = this.#steps[index];
    if (step === undefined || this.#isBroken) this.#onEnd?.();
    else step.end();
  }

  #makeStep(index: number, encoding: string, first: Buffer): Transform {
    const step = decoderOf(encoding, first);
    const onData = guarded('decoded', (piece: Buffer) => {
      this.#write(index + 1, piece);
    });
    const onEnd = guarded('decoded step', () => {
      this.#endStep(index + 1);
    });
    const onError = guarded('not decoded', () => {
      this.#isBroken = true;
      this.#onEnd?.();
    });
    step.on('data', onData);
    step.on('end', onEnd);
    step.on('error', onError);
    return step;
  }
}

function hasZlibHeader(bytes: Buffer): boolean {
  return ((bytes[0] ?? ZLIB_METHOD) & 15) === ZLIB_METHOD;
}

function decoderOf(encoding: string, first: Buffer): Transform {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createUnzip(SYNC);
    case 'deflate':
      return hasZlibHeader(first) ? createInflate(SYNC) : createInflateRaw(SYNC);
    case 'br':
      return createBrotliDecompress(BROTLI_SYNC);
    case 'zstd':
      return createZstdDecompress();
    default:
      throw new Error(`unknown content encoding ${encoding}`);
  }
}
