// Plain values: attributes of others as a number or a text. A list or a map is neither, whatever is in it: JavaScript would
// ask a map that has a key `toString` for it, and throw.

/** NaN where it is no number and no text of one: an empty text, or yes and no, are none. */
export function plainNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/** Empty where it is a list or a map. */
export function plainText(value: unknown): string {
  return typeof value === 'object' && value !== null ? '' : String(value);
}
