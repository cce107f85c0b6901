// A length of time as people write it: a number and one unit, as in `500ms`, `90s`, `30m`, `24h`, `7d`. Commands,
// addresses of pages and windows of signals share this one grammar.

/** Milliseconds of each unit. */
export const UNIT_MS = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

/** Milliseconds; undefined when the text is no length of time. Zero and very long ones are for the caller to judge. */
export function durationMsOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,15}(?:\.\d{1,6})?)(ms|[smhdw])$/.exec(text.trim()) ?? [];
  return count === undefined ? undefined : Math.round(Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}
