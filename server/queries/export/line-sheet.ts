// A line sheet holds lines as bytes until all of a slice are there, and gives them out in order. As texts each would be
// held in the dozens of pieces that it was put together from.

interface Place {
  readonly micros: number;
  readonly seq: number;
  readonly from: number;
  readonly to: number;
}

const FIRST_BYTES = 1024 * 1024;
/** UTF-8 takes no more for one unit of a JavaScript text. */
const BYTES_PER_UNIT = 3;
const NEWLINE = 0x0a;

export class LineSheet {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  #places: Place[] = [];

  /** `micros` is the time of the line in Unix microseconds, `seq` its place in its process. */
  add(text: string, micros: number, seq: number): void {
    const most = this.#length + text.length * BYTES_PER_UNIT + 1;
    if (most > this.#bytes.length) this.#grow(most);
    const from = this.#length;
    let to = from + this.#bytes.write(text, from);
    this.#bytes[to++] = NEWLINE;
    this.#length = to;
    this.#places.push({ micros, seq, from, to });
  }

  /** The lines in the order of their milliseconds, their places and their microseconds; the sheet is empty then. */
  take(): Uint8Array {
    const sorted = Buffer.allocUnsafeSlow(this.#length);
    let at = 0;
    for (const { from, to } of this.#places.sort(byPlace)) at += this.#bytes.copy(sorted, at, from, to);
    this.#places = [];
    this.#length = 0;
    return sorted;
  }

  #grow(most: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(most, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Fractions of a millisecond decide where no process counted. */
function byPlace(a: Place, b: Place): number {
  return Math.floor(a.micros / 1000) - Math.floor(b.micros / 1000) || a.seq - b.seq || a.micros - b.micros;
}
