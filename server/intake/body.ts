// A body is what one request brings. All that are under way, over both protocols, share one allowance, so that however many
// come at once, and however slowly, they take no more memory than that: each holds what has arrived of it until it is answered.

import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { MalformedBodyError } from './otlp-model.ts';

/** Bytes of one request, as sent and after decompression: the same as the Collector's default. */
export const BODY_LIMIT_BYTES = 20 * 1024 * 1024;
/** Bytes of all requests that are not answered yet. */
const ALL_BODIES_BYTES = 128 * 1024 * 1024;
/** A body that takes longer is given up. */
export const BODY_LIMIT_MS = 30_000;
const UNPACKED_CHUNK_BYTES = 64 * 1024;

/** More bodies are under way than may be held; the sender should try again. */
export class BodiesBusyError extends Error {
  override readonly name = 'BodiesBusyError';
}

/** A body is longer than one may be. */
export class BodyTooLongError extends Error {
  override readonly name = 'BodyTooLongError';
}

/** A body did not come within its time. */
export class BodyTooSlowError extends Error {
  override readonly name = 'BodyTooSlowError';
}

/** What the requests that are under way hold together. */
export class BodyAllowance {
  #left: number;

  constructor(bytes = ALL_BODIES_BYTES) {
    this.#left = bytes;
  }

  /** The share of one request. */
  share(): BodyShare {
    return new BodyShare((bytes) => {
      if (bytes > this.#left) throw new BodiesBusyError('too many large requests are under way; try again');
      this.#left -= bytes;
    });
  }
}

/** What one request holds of the allowance. */
export class BodyShare {
  readonly #take: (bytes: number) => void;
  #bytes = 0;

  constructor(take: (bytes: number) => void) {
    this.#take = take;
  }

  /** @throws BodiesBusyError */
  add(bytes: number): void {
    this.#take(bytes);
    this.#bytes += bytes;
  }

  /** Gives back what the request held. Call it once it is answered, whatever came of it. */
  end(): void {
    this.#take(-this.#bytes);
    this.#bytes = 0;
  }
}

/** What a body is whose first bytes are about it and not part of it: gRPC's prefix of a message. */
export interface HeadedBody {
  readonly head: Buffer;
  /** Alone in its memory when it came in several pieces, so that a batch may give it back. */
  readonly body: Buffer;
}

/**
 * All bytes of a stream.
 * @throws BodiesBusyError, BodyTooLongError, BodyTooSlowError, or what the stream failed with; the stream is not destroyed
 */
export async function readBody(stream: Readable, share: BodyShare, limits: BodyLimits = {}): Promise<Buffer> {
  return joined(await readPieces(stream, share, limits));
}

/**
 * All bytes of a stream, the first `headBytes` of them apart (fewer when it ends before).
 * @throws as readBody
 */
export async function readHeadedBody(
  stream: Readable,
  share: BodyShare,
  headBytes: number,
): Promise<HeadedBody> {
  const pieces = await readPieces(stream, share, { limitBytes: BODY_LIMIT_BYTES + headBytes });
  const head: Buffer[] = [];
  for (let missing = headBytes; missing > 0 && pieces.length > 0;) {
    const piece = pieces.shift() as Buffer;
    head.push(piece.subarray(0, missing));
    if (piece.length > missing) pieces.unshift(piece.subarray(missing));
    missing -= Math.min(missing, piece.length);
  }
  return { head: joined(head), body: joined(pieces) };
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

/** Bytes of a body at most, and how long it may take. */
interface BodyLimits {
  readonly limitBytes?: number;
  readonly limitMs?: number;
}

function readPieces(
  stream: Readable,
  share: BodyShare,
  { limitBytes = BODY_LIMIT_BYTES, limitMs = BODY_LIMIT_MS }: BodyLimits = {},
): Promise<Buffer[]> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (work: () => void): void => {
      clearTimeout(timer);
      stream.off('data', take).off('end', finish).off('close', leave).off('aborted', leave);
      work();
    };
    const fail = (error: unknown): void => {
      settle(() => {
        chunks.length = 0;
        stream.resume();
        failed(error);
      });
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      try {
        if (length > limitBytes) throw new BodyTooLongError(tooLongText(limitBytes));
        share.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const finish = (): void => settle(() => done(chunks));
    const leave = (): void => fail(new MalformedBodyError('the body ended before its end'));
    const timer = setTimeout(
      () => fail(new BodyTooSlowError(`the body did not come within ${limitMs / 1000} s`)),
      limitMs,
    );
    stream.on('data', take).on('end', finish).on('close', leave).on('aborted', leave);
    // Whoever reads no further leaves the stream its errors.
    stream.on('error', fail);
  });
}

export type Packing = 'gzip' | 'deflate';

/** The body, decompressed. @throws MalformedBodyError, BodyTooLongError, BodiesBusyError */
export async function unpackBody(body: Buffer, packing: Packing, share: BodyShare): Promise<Buffer> {
  const unpacking = (packing === 'gzip' ? createGunzip : createInflate)({ chunkSize: UNPACKED_CHUNK_BYTES });
  unpacking.end(body);
  try {
    return await readBody(unpacking, share);
  } catch (error) {
    if (error instanceof BodyTooLongError)
      throw new BodyTooLongError(`${error.message.split(':')[0]} when decompressed`);
    if (error instanceof BodiesBusyError) throw error;
    throw new MalformedBodyError(`the body is not ${packing}: ${(error as Error).message}`);
  } finally {
    unpacking.destroy();
  }
}

function tooLongText(limitBytes: number): string {
  return `the body is larger than ${limitBytes} bytes: send smaller batches`;
}
