// Copy memory: a piece of memory that two threads share. One writes requests into it, one after the other, and marks those
// that are not needed any more; when none is, it begins anew. The other reads what is there when the first has ended, or
// while it goes on: what it sees in a piece that began anew meanwhile does not count.

import type { SignalKind } from './otlp.ts';

/** A request that is sent nowhere yet. */
export interface Request {
  readonly kind: SignalKind;
  readonly bytes: Uint8Array;
  /** Its records. */
  readonly count: number;
}

/** Room for the requests of some twenty calls. */
const PIECE_BYTES = 256 * 1024;
const WORD_BYTES = 4;
/** Words of the piece itself: how often it began anew, and how many of its words are written. */
const ROUND = 0;
const USED = 1;
const PIECE_WORDS = 2;
/** Words before the bytes of a request. */
const STATE = 0;
const LENGTH = 1;
const COUNT = 2;
const KIND = 3;
const HEAD_WORDS = 4;
const NEEDED = 1;
const KINDS = ['traces', 'logs'] as const;
const MAX_READS = 3;

/** The end that writes. */
export class CopyWriter {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #used = PIECE_WORDS;
  /** Requests that are needed. */
  #needed = 0;

  /** @param leastBytes of a request that has to fit */
  constructor(leastBytes: number) {
    this.memory = new SharedArrayBuffer(
      Math.max(PIECE_BYTES, (PIECE_WORDS + HEAD_WORDS + 1) * WORD_BYTES + leastBytes),
    );
    this.#words = new Int32Array(this.memory);
    this.#bytes = new Uint8Array(this.memory);
    Atomics.store(this.#words, USED, this.#used);
  }

  /** Whether no request in it is needed. */
  get isFree(): boolean {
    return this.#needed === 0;
  }

  /** Writes the request where there is room; gives what marks it as not needed any more. */
  write({ kind, bytes, count }: Request): (() => void) | undefined {
    const at = this.#used;
    const next = at + HEAD_WORDS + Math.ceil(bytes.byteLength / WORD_BYTES);
    if (next > this.#words.length) return undefined;
    this.#words[at + LENGTH] = bytes.byteLength;
    this.#words[at + COUNT] = count;
    this.#words[at + KIND] = KINDS.indexOf(kind);
    this.#bytes.set(bytes, (at + HEAD_WORDS) * WORD_BYTES);
    Atomics.store(this.#words, at + STATE, NEEDED);
    this.#used = next;
    this.#needed += 1;
    // From here on it is there, whatever becomes of this thread.
    Atomics.store(this.#words, USED, next);
    return () => {
      Atomics.store(this.#words, at + STATE, 0);
      this.#needed -= 1;
      if (this.#needed > 0) return;
      Atomics.add(this.#words, ROUND, 1);
      this.#used = PIECE_WORDS;
      Atomics.store(this.#words, USED, this.#used);
    };
  }
}

/** Takes the requests that are needed; each is given once. */
export function takeCopies(memory: SharedArrayBuffer): Request[] {
  const words = new Int32Array(memory);
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const round = Atomics.load(words, ROUND);
    const found = readCopies(words, new Uint8Array(memory));
    if (Atomics.load(words, ROUND) !== round) continue;
    for (const { at } of found) Atomics.store(words, at + STATE, 0);
    return found.map(({ request }) => request);
  }
  // It begins anew all the time: its thread delivers.
  return [];
}

function readCopies(
  words: Int32Array,
  bytes: Uint8Array,
): { readonly at: number; readonly request: Request }[] {
  const found: { at: number; request: Request }[] = [];
  const used = Atomics.load(words, USED);
  for (let at = PIECE_WORDS; at < used;) {
    const [length = 0, count = 0, kind = 0] = words.subarray(at + LENGTH, at + HEAD_WORDS);
    // Written over while it is read.
    if (length <= 0) break;
    const from = (at + HEAD_WORDS) * WORD_BYTES;
    if (Atomics.load(words, at + STATE) === NEEDED)
      found.push({
        at,
        request: { kind: KINDS[kind] ?? 'logs', bytes: bytes.slice(from, from + length), count },
      });
    at += HEAD_WORDS + Math.ceil(length / WORD_BYTES);
  }
  return found;
}
