// The address of the list of runs: its filters, its time, and its order.

import { nearestOf } from '../../core/text/nearest.ts';
import { durationMsOf } from '../../core/time/duration.ts';
import type { RunFilter } from '../queries/runs/run-filter.ts';
import { unknownName } from '../questions/filter-keys.ts';
import type { FilterPair } from '../questions/filter-text.ts';
import { EXCLUDES, textParam, textParams, type QueryText } from '../questions/query-params.ts';
import { RUN_FILTER_NAMES, parseRunFilter } from '../questions/run-filter-params.ts';
import { columnsParam } from './parts/column-picker.tsx';
import type { RunColumnId } from './parts/run-sheet.ts';
import { ALL_RUN_COLUMNS } from './parts/run-table.tsx';
import { ALL_TIME, parseStretch, type Stretch } from '../questions/stretch.ts';

/** The time of the list without one in its address. */
export const RUNS_TIME = ALL_TIME;

export interface RunsAddress {
  readonly filter: RunFilter;
  readonly stretch: Stretch;
  /** What runs are asked for, as pairs of names and values of the address. */
  readonly asked: readonly FilterPair[];
  readonly sort: string | undefined;
  readonly isReversed: boolean;
  /** The columns that are shown; undefined where nobody chose. */
  readonly columns: readonly RunColumnId[] | undefined;
}

const FILTER_NAMES = new Set(RUN_FILTER_NAMES.flatMap((name) => [name, EXCLUDES + name]));

/** What else the address of the list may have; addresses of earlier versions included. */
const OTHER_NAMES = new Set(
  'q failed time from to zone since until window was shown sort order columns narrow format at offset limit'.split(
    ' ',
  ),
);
const SLIP = 2;

/**
 * A filter that is misspelt would narrow nothing. What resembles none may be of whoever made the link.
 * @throws RequestError
 */
function refuseMisspelt(query: QueryText): void {
  for (const name of Object.keys(query)) {
    if (FILTER_NAMES.has(name) || OTHER_NAMES.has(name)) continue;
    if (name.startsWith(EXCLUDES) || nearestOf(name, RUN_FILTER_NAMES, SLIP) !== undefined)
      throw unknownName(name, RUN_FILTER_NAMES, 'filter');
  }
}

/** @throws RequestError on what cannot be understood */
export function parseRunsAddress(query: QueryText, now: number, timezone: string): RunsAddress {
  refuseMisspelt(query);
  const given = withoutOldStretch(query);
  const stretch = parseStretch(given, { now, timezone, time: RUNS_TIME });
  const { since: _since, until: _until, ...others } = given;
  const filter = parseRunFilter(others, now);
  // In the order in which they were written.
  const names = Object.keys(given).filter((name) => FILTER_NAMES.has(name));
  const asked = names.flatMap((name) =>
    textParams(given, name).flatMap((value) =>
      name.endsWith('unpriced') && value === 'false' ? [] : [[name, value] as const],
    ),
  );
  const isOldFailed = textParam(given, 'failed') === 'true';
  return {
    filter: {
      ...filter,
      ...(stretch.from === 0 ? {} : { since: stretch.from }),
      // What moves with the clock has no end: a run that began a moment ago belongs to it.
      ...(stretch.to >= now ? {} : { until: stretch.to }),
    },
    stretch,
    asked: isOldFailed ? [['status', 'failed'], ...asked.filter(([name]) => name !== 'status')] : asked,
    sort: textParam(given, 'sort'),
    isReversed: filter.isReversed === true,
    columns: columnsParam(given, ALL_RUN_COLUMNS),
  };
}

/**
 * Forms of an earlier version sent a time and a stretch at once, and the stretch as they had shown it: whoever changed
 * only the time meant that.
 */
function withoutOldStretch({ shown, from, to, ...rest }: QueryText): QueryText {
  const hasLength = durationMsOf(textParam(rest, 'since') ?? '') !== undefined;
  const isUnchanged = shown === `${text(from)}~${text(to)}`;
  if (isUnchanged && hasLength) return rest;
  const isWritten = text(from) !== '' || text(to) !== '';
  if (!isWritten) return rest;
  const { since: _since, until: _until, ...others } = rest;
  return { ...(hasLength || textParam(rest, 'since') === undefined ? others : rest), from, to };
}

function text(value: QueryText[string]): string {
  return typeof value === 'string' ? value : '';
}
