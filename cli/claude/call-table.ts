// A table of calls: a number for each call, by a number that stands for its id. A history of months has hundreds of
// thousands of them, of which a Map would take five times the memory.

const LEAST_SLOTS = 1024;
/** Of the slots, so many are taken at most: more, and looking for a free one takes long. */
const FULLEST = 0.6;

export class CallTable {
  /** In turn the key and the number of a call; a key of 0 is a free slot. */
  #cells = new Float64Array(LEAST_SLOTS * 2);
  #size = 0;

  /** Undefined where the call is not known. Keys are whole numbers above 0. */
  get(key: number): number | undefined {
    const at = this.#slotOf(key);
    return this.#cells[at] === key ? this.#cells[at + 1] : undefined;
  }

  set(key: number, value: number): void {
    const at = this.#slotOf(key);
    if (this.#cells[at] !== key) {
      this.#cells[at] = key;
      this.#size++;
    }
    this.#cells[at + 1] = value;
    if (this.#size > (this.#cells.length / 2) * FULLEST) this.#grow();
  }

  /** Keys and numbers in turn, as {@link addAll} reads them. */
  toCells(): Float64Array {
    const cells = new Float64Array(this.#size * 2);
    let to = 0;
    for (let at = 0; at < this.#cells.length; at += 2)
      if (this.#cells[at] !== 0) {
        cells[to++] = this.#cells[at] as number;
        cells[to++] = this.#cells[at + 1] as number;
      }
    return cells;
  }

  addAll(cells: Float64Array): void {
    for (let at = 0; at + 1 < cells.length; at += 2) {
      const key = cells[at] as number;
      if (key > 0) this.set(key, cells[at + 1] as number);
    }
  }

  /** Where the key stands, or the free slot that it would take. */
  #slotOf(key: number): number {
    const last = this.#cells.length - 2;
    // Keys are evenly spread as they are.
    let at = (key * 2) % this.#cells.length;
    while (this.#cells[at] !== 0 && this.#cells[at] !== key) at = at === last ? 0 : at + 2;
    return at;
  }

  #grow(): void {
    const before = this.toCells();
    this.#cells = new Float64Array(this.#cells.length * 2);
    this.#size = 0;
    this.addAll(before);
  }
}
