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
import { guard, guarded } from '../process/guard.ts';

const SYNC = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_SYNC = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};

/** So much of a stream is kept as it came, in case the process goes before it is decoded: megabytes when it is. */
const MOST_KEPT_BYTES = 256 * 1024;
const MOST_DECODED_BYTES = 64 * 1024 * 1024;

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
  /** All that has come; empty once that is too much. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #decodedBytes = 0;
  /** Pieces that have come, and are not decoded yet. */
  #waiting = 0;
  readonly #onWritten = guarded('piece decoded', () => {
    this.#waiting -= 1;
  });

  /** @param onPiece called with each decoded piece, in order */
  constructor(encodings: readonly string[], onPiece: (piece: Buffer) => void) {
    this.#onPiece = onPiece;
    this.#encodings = encodings.toReversed();
  }

  push(piece: Buffer): void {
    if (this.#encodings.length === 0) {
      this.#onPiece(piece);
      return;
    }
    // The piece belongs to the network's buffer only until we return.
    const copy = Buffer.from(piece);
    this.#keptBytes += copy.length;
    if (this.#keptBytes > MOST_KEPT_BYTES) this.#kept = [];
    else this.#kept.push(copy);
    this.#write(0, copy);
  }

  /** The process goes: what has come and is not decoded yet is decoded at once, as far as it was kept. */
  decodeRest(): void {
    if (this.#waiting === 0 || this.#isBroken || this.#kept.length === 0) return;
    const encodings = this.#encodings.toReversed();
    const decoded = guard('decode the rest', () =>
      decodeWhole(joinPieces(this.#kept), encodings, MOST_DECODED_BYTES),
    );
    this.#isBroken = true;
    if (decoded !== undefined) this.#onPiece(decoded.subarray(this.#decodedBytes));
  }

  /** No more comes; `onEnd` is called when all is decoded, at once where nothing is to decode. */
  end(onEnd: () => void): void {
    this.#onEnd = onEnd;
    this.#endStep(0);
  }

  /** Nothing more is wanted. */
  close(): void {
    this.#kept = [];
    for (const step of this.#steps) step.destroy();
  }

  #write(index: number, piece: Buffer): void {
    const encoding = this.#encodings[index];
    if (this.#isBroken || piece.length === 0) return;
    if (encoding === undefined) {
      this.#decodedBytes += piece.length;
      this.#onPiece(piece);
      return;
    }
    this.#steps[index] ??= this.#makeStep(index, encoding, piece);
    this.#waiting += 1;
    this.#steps[index].write(piece, this.#onWritten);
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

/** The pieces of a body as one; a single one is not copied. */
export function joinPieces(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
}
