// A newest map holds what was set last: whoever fills it drops the oldest entries when there are too many.

export class NewestMap<Key, Value> extends Map<Key, Value> {
  /** Goes on from the last one dropped; a new iterator would step over all that were dropped before it. */
  readonly #oldestFirst = this.entries();

  /** Drops the entry whose key was set first, and gives it. The map must not be empty. */
  dropOldest(): readonly [Key, Value] {
    const oldest = this.#oldestFirst.next().value as [Key, Value];
    this.delete(oldest[0]);
    return oldest;
  }
}
