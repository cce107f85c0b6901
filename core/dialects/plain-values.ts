// Plain values: attributes of others as a number or a text. A list or a map is neither, whatever is in it: JavaScript would
// ask a map that has a key `toString` for it, and throw.

/** NaN where it is no number and no text of one. */
export function plainNumber(value: unknown): number {
  return typeof value === 'object' && value !== null ? Number.NaN : Number(value);
}

/** Empty where it is a list or a map. */
export function plainText(value: unknown): string {
  return typeof value === 'object' && value !== null ? '' : String(value);
}
