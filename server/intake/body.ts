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

/**
 * All bytes of a stream.
 * @throws BodiesBusyError, BodyTooLongError, BodyTooSlowError, or what the stream failed with; the stream is not destroyed
 */
export function readBody(
  stream: Readable,
  share: BodyShare,
  { limitBytes = BODY_LIMIT_BYTES, limitMs = BODY_LIMIT_MS } = {},
): Promise<Buffer> {
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
    const finish = (): void =>
      settle(() => done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
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
