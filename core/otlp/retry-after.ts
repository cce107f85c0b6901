// Retry-After: how long a server asks to be left alone (RFC 9110, section 10.2.3: whole seconds or a date). The
// number is of others, so it is never used as it is: what is not valid counts as not said, what is too long is cut.

/**
 * Milliseconds to wait, from 0 to `longestMs`; `undefined` where the value says nothing.
 * @param value the header, or a number of seconds as some services write it in their answer
 * @param nowMs Unix ms
 */
export function retryAfterMs(value: unknown, nowMs: number, longestMs: number): number | undefined {
  if (typeof value === 'number') return value >= 0 ? Math.min(value * 1_000, longestMs) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1_000, longestMs);
  // A date has the name of a month; what else the parser takes (a bare year, "-5") is none.
  if (!/[a-z]{3}/i.test(text) || !/\d/.test(text)) return undefined;
  // The oldest of the three forms names no zone; all are in GMT.
  const atMs = Date.parse(/(gmt|utc|[+-]\d{4})$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? undefined : Math.min(Math.max(0, atMs - nowMs), longestMs);
}
