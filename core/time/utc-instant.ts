// UTC instants as people write them in files and options: a day, or a day and a time. Without a zone they are UTC, whatever
// zone the process runs in.

const WRITTEN = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?|Z)?$/i;

/** Unix milliseconds; `undefined` for what is no time, also a day that no calendar has. */
export function utcInstantOf(text: string): number | undefined {
  const [, day, time = '00:00', zone = 'Z'] = WRITTEN.exec(text) ?? [];
  if (day === undefined || !isCalendarDay(day)) return undefined;
  const atMs = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** Whether a `YYYY-MM-DD` is in the calendar: 30 February is not, though engines read it as 2 March. */
export function isCalendarDay(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day);
}
