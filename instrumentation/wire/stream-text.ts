// The text of an event stream, event by event. Only whole events are decoded; what was cut is kept as bytes. Of a stream
// that is longer than any answer usually is, deltas are passed over: where the last event of a piece is a delta of the
// block that is open, the piece holds nothing else, so that a flood costs next to nothing. The hash of such a block is that
// of its beginning, its length is reckoned from how much text its bytes held so far; usage and cost are whole.

import { EventStream } from '../../core/model-call/event-stream.ts';
import { asJson } from '../../core/model-call/json.ts';

/** Some 6,000 events, or 25,000 tokens and more. */
const WHOLE_BYTES = 1024 * 1024;
/** No event of the API is larger; a line without an end is none. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;
/** What most events need. */
const FIRST_ROOM_BYTES = 512;
/** Room for a large one is given back. */
const MOST_ROOM_BYTES = 16_384;
/** How an event ends, by the line ends that a server writes; most write the first. */
const ENDS = ['\n\n', '\r\n\r\n', '\r\r'].map((end) => Buffer.from(end));
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const NOTHING = Buffer.alloc(0);

export class StreamText {
  readonly #onEvent: (event: unknown, atMs: number) => void;
  readonly #onPassed: (index: number, chars: number) => void;
  readonly #events = new EventStream();
  /** Bytes since the block began that is open, about. */
  #bytes = 0;
  /** What followed the last whole event, in its own memory, and how long it is. */
  #room: Buffer = NOTHING;
  #restBytes = 0;
  /** Of the deltas that were read: their bytes, about, and the characters of their texts. */
  #deltaBytes = 0;
  #deltaChars = 0;
  /** How a delta of the block that is open begins; `undefined` where the last event was none. */
  #delta: Buffer | undefined;
  #deltaIndex: unknown;
  /** How the events of this stream end, once one has. */
  #end: Buffer | undefined;
  /** Whether what was read last ended with an event, and not in its midst. */
  #isAtEvent = true;

  /**
   * @param onEvent called with each event, parsed, and when its end came, Unix milliseconds
   * @param onPassed called where deltas of a block were passed over, with how many characters they held, about
   */
  constructor(
    onEvent: (event: unknown, atMs: number) => void,
    onPassed: (index: number, chars: number) => void = () => undefined,
  ) {
    this.#onEvent = onEvent;
    this.#onPassed = onPassed;
  }

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    const isPassing = this.#bytes > WHOLE_BYTES && this.#delta !== undefined && this.#isAtEvent;
    if (isPassing && this.#pass(piece)) {
      const charsPerByte = this.#deltaBytes === 0 ? 0 : this.#deltaChars / this.#deltaBytes;
      this.#onPassed(Number(this.#deltaIndex), piece.length * charsPerByte);
      return;
    }
    const bytes = this.#withRest(piece);
    const end = this.#wholeBytes(bytes);
    this.#keep(bytes, end);
    if (end === 0) return;
    this.#parse(bytes.toString('utf8', 0, end), end);
  }

  #parse(text: string, bytes: number): void {
    const nowMs = Date.now();
    let last: unknown;
    let chars = 0;
    for (const event of this.#events.push(text)) {
      this.#onEvent(event, nowMs);
      chars += deltaChars(event);
      last = event;
    }
    if (last === undefined) return;
    if (chars > 0) {
      this.#deltaBytes += bytes;
      this.#deltaChars += chars;
    }
    const { type, index } = asJson(last);
    if (type !== 'content_block_delta') {
      // The next block is read from its beginning, unless it is one of many.
      if (this.#delta !== undefined) this.#bytes = Math.min(this.#bytes, WHOLE_BYTES / 2);
      this.#delta = undefined;
    } else if (this.#delta === undefined || index !== this.#deltaIndex) {
      this.#deltaIndex = index;
      this.#delta = deltaStart(index);
    }
  }

  /** Where the last whole event ends; else the last whole line, as in streams that mix their line ends. */
  #wholeBytes(bytes: Buffer): number {
    this.#end ??= ENDS.find((end) => bytes.includes(end));
    const at = this.#end === undefined ? -1 : bytes.lastIndexOf(this.#end);
    if (this.#end !== undefined && at !== -1) {
      const after = at + this.#end.length;
      const rest = bytes.subarray(after);
      if (!ENDS.some((end) => rest.includes(end))) {
        this.#isAtEvent = true;
        return after;
      }
    }
    const line = bytes.lastIndexOf(LINE_FEED) + 1;
    const whole = line + bytes.subarray(line).lastIndexOf(CARRIAGE_RETURN) + 1;
    if (whole > 0) this.#isAtEvent = false;
    return whole;
  }

  /** Whether the piece holds nothing but deltas of the block that is open. */
  #pass(piece: Buffer): boolean {
    const end = this.#end;
    if (end === undefined) return false;
    const at = piece.lastIndexOf(end);
    const before = at <= 0 ? -1 : piece.lastIndexOf(end, at - 1);
    if (before !== -1) {
      if (!this.#isDelta(piece, before, at)) return false;
      this.#keep(piece, at + end.length);
      return true;
    }
    // Smaller than two events: with what was kept there may be one.
    const bytes = this.#withRest(piece);
    const whole = bytes.lastIndexOf(end);
    if (whole === -1) {
      // Its events may have come to end otherwise.
      if (bytes.length > WHOLE_BYTES) {
        this.#end = undefined;
        return false;
      }
      this.#keep(bytes, 0);
      return true;
    }
    const start = whole === 0 ? -1 : bytes.lastIndexOf(end, whole - 1);
    if (!this.#isDelta(bytes, Math.max(start, 0), whole)) return false;
    this.#keep(bytes, whole + end.length);
    return true;
  }

  /** Quotes inside of texts are escaped: what is looked for stands in an event's own fields only. */
  #isDelta(bytes: Buffer, from: number, to: number): boolean {
    if (this.#delta === undefined) return false;
    const at = bytes.indexOf(this.#delta, from);
    return at !== -1 && at < to;
  }

  #withRest(piece: Buffer): Buffer {
    return this.#restBytes === 0 ? piece : Buffer.concat([this.#room.subarray(0, this.#restBytes), piece]);
  }

  /**
   * The piece is the network's: what is kept of it is a copy, in memory of its own: a slice of Node's pool would keep all
   * of the pool, for each of a thousand streams.
   */
  #keep(bytes: Buffer, from: number): void {
    const length = bytes.length - from;
    if (length <= 0 || length > MAX_EVENT_BYTES) {
      this.#restBytes = 0;
      return;
    }
    if (length > this.#room.length || this.#room.length > MOST_ROOM_BYTES)
      this.#room = Buffer.allocUnsafeSlow(Math.max(FIRST_ROOM_BYTES, length));
    // Where the bytes hold what was kept, they are a copy already.
    bytes.copy(this.#room, 0, from);
    this.#restBytes = length;
  }
}

function deltaChars(event: unknown): number {
  const delta = asJson(asJson(event)['delta']);
  const text = delta['text'] ?? delta['thinking'] ?? delta['partial_json'];
  return typeof text === 'string' ? text.length : 0;
}

/** How deltas of blocks begin, by the index of the block: one for all streams. */
const deltaStarts = new Map<unknown, Buffer>();
const MOST_STARTS = 1_000;

function deltaStart(index: unknown): Buffer {
  const known = deltaStarts.get(index);
  if (known !== undefined) return known;
  const text = `{"type":"content_block_delta","index":${String(index)},`;
  const start = Buffer.allocUnsafeSlow(text.length);
  start.write(text, 'latin1');
  if (deltaStarts.size < MOST_STARTS) deltaStarts.set(index, start);
  return start;
}
