// Rows of reports: a day (UTC) and a group name one row, so a row that stands on two pages is one. Pages move while they are
// read when the report is brought up to date meanwhile.

import { ServerError } from '../process/server-error.ts';

export interface ReportRange {
  /** YYYY-MM-DD, UTC. */
  readonly from: string;
  /** The day after the last. */
  readonly to: string;
}

/** A row that was read twice, with other figures: the report has to be read again. */
export class ReportChangedError extends ServerError {
  constructor() {
    super('the reports of the Admin API changed while they were read, again and again: nothing was taken.');
  }
}

/**
 * The rows of all pages, without those that stood on a page before. `identityOf` names what a row is about, without its
 * figures.
 * @throws ReportChangedError
 */
export function rowsOfPages<Row>(
  pages: readonly (readonly Row[])[],
  identityOf: (row: Row) => string,
): readonly Row[] {
  const earlier = new Map<string, string>();
  return pages.flatMap((page) => {
    const fresh: Row[] = [];
    const named = page.map((row) => [row, identityOf(row), JSON.stringify(row)] as const);
    for (const [row, identity, whole] of named) {
      const before = earlier.get(identity);
      if (before === undefined) fresh.push(row);
      else if (before !== whole) throw new ReportChangedError();
    }
    for (const [, identity, whole] of named) earlier.set(identity, whole);
    return fresh;
  });
}

/** The names of a group as one text, in whatever order they stand. */
export function groupText(day: string, group: object): string {
  return JSON.stringify([day, Object.entries(group).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

const HAS_ZONE = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** YYYY-MM-DD in UTC, in whatever zone the beginning of a bucket is written; UTC where none is. @throws ServerError */
export function reportedDay(startingAt: string): string {
  const ms = Date.parse(
    HAS_ZONE.test(startingAt) || !startingAt.includes('T') ? startingAt : `${startingAt}Z`,
  );
  if (Number.isNaN(ms)) throw new ServerError('the Admin API reports a day that is none: nothing was taken.');
  return new Date(ms).toISOString().slice(0, 10);
}
