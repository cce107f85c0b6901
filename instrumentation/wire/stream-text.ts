// The text of an event stream, event by event. Of a stream that is longer than any answer usually is, only what is no
// delta is still parsed: the rest is passed over by a search for where the block ends, so that a flood costs next to
// nothing. Lengths and hashes of such a block are those of its beginning; usage and cost are whole.

import { EventStream } from '../../core/model-call/event-stream.ts';

/** Some 10,000 events. */
const WHOLE_BYTES = 2 * 1024 * 1024;
const END = Buffer.from('\n\n');
/** Quotes inside of texts are escaped: these stand in an event's own fields only. */
const STOP = Buffer.from('"type":"content_block_stop"');
const ERROR = Buffer.from('"type":"error"');
/** JSON written without blanks, as the API does: then the marks above are found. */
const COMPACT = /"type":"message_start"/;

export class StreamText {
  readonly #onEvent: (event: unknown) => void;
  #decoder = new TextDecoder();
  #events = new EventStream();
  #bytes = 0;
  #isCompact: boolean | undefined;
  /** What followed the last whole event while deltas are passed over; `undefined` while all is parsed. */
  #carry: Buffer | undefined;

  constructor(onEvent: (event: unknown) => void) {
    this.#onEvent = onEvent;
  }

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#carry !== undefined) this.#pass(this.#carry, piece);
    else if (this.#bytes > WHOLE_BYTES && this.#isCompact === true) this.#begin(piece);
    else this.#parse(piece);
  }

  #parse(piece: Buffer): void {
    const text = this.#decoder.decode(piece, { stream: true });
    this.#isCompact ??= COMPACT.test(text);
    for (const event of this.#events.push(text)) this.#onEvent(event);
  }

  /** From the last whole event of this piece on, deltas are passed over. */
  #begin(piece: Buffer): void {
    const end = piece.lastIndexOf(END);
    if (end === -1) {
      this.#parse(piece);
      return;
    }
    this.#parse(piece.subarray(0, end + END.length));
    this.#carry = Buffer.from(piece.subarray(end + END.length));
  }

  #pass(carry: Buffer, piece: Buffer): void {
    const seam = Buffer.concat([carry.subarray(-STOP.length), piece.subarray(0, STOP.length)]);
    if (!hasMark(piece) && !hasMark(seam)) {
      const end = piece.lastIndexOf(END);
      this.#carry =
        end === -1 ? Buffer.concat([carry, piece]) : Buffer.from(piece.subarray(end + END.length));
      return;
    }
    // The event that the mark stands in, and what follows, is parsed again.
    const bytes = Buffer.concat([carry, piece]);
    const before = bytes.lastIndexOf(END, markIn(bytes));
    this.#carry = undefined;
    this.#bytes = WHOLE_BYTES / 2;
    this.#decoder = new TextDecoder();
    this.#events = new EventStream();
    this.#parse(before === -1 ? bytes : bytes.subarray(before + END.length));
  }
}

function hasMark(bytes: Buffer): boolean {
  return bytes.includes(STOP) || bytes.includes(ERROR);
}

function markIn(bytes: Buffer): number {
  const [stop, error] = [bytes.indexOf(STOP), bytes.indexOf(ERROR)];
  return stop === -1 ? error : error === -1 ? stop : Math.min(stop, error);
}
