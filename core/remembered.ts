// A remembered function: what it computes for a text or number is kept for the next time, of so many at most. For what
// takes some work and is asked about the same few things again and again.

/** The function, with a memory of `most` results; a full memory is emptied. It must give no `undefined`. */
export function remembered<Key extends string | number, Value extends string | number | boolean | object>(
  compute: (key: Key) => Value,
  most: number,
): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const value = compute(key);
    if (known.size >= most) known.clear();
    known.set(key, value);
    return value;
  };
}
