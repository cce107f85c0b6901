// The address of the list of runs: its filters, its time, and its order.

import { durationMsOf } from '../../core/time/duration.ts';
import { MEASURES, RUN_TEXT_FILTERS, type RunFilter } from '../queries/runs/run-filter.ts';
import { parseRunFilter, textParam, textParams, type QueryText } from '../questions/query-params.ts';
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
  readonly asked: readonly (readonly [string, string])[];
  readonly sort: string | undefined;
  readonly isReversed: boolean;
  /** The columns that are shown; undefined where nobody chose. */
  readonly columns: readonly RunColumnId[] | undefined;
}

const FILTER_NAMES = [...RUN_TEXT_FILTERS, 'unpriced', 'parentRun', ...MEASURES, 'score'];

/** @throws RequestError on what cannot be understood */
export function parseRunsAddress(query: QueryText, now: number, timezone: string): RunsAddress {
  const given = withoutOldStretch(query);
  const stretch = parseStretch(given, { now, timezone, time: RUNS_TIME });
  const { since: _since, until: _until, ...others } = given;
  const filter = parseRunFilter(others, now);
  const asked = FILTER_NAMES.flatMap((name) =>
    (isRepeated(name) ? textParams(given, name) : [textParam(given, name) ?? '']).flatMap((value) =>
      value === '' || value === 'false' ? [] : [[name, value] as const],
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

/** Parameters of an address that holds these pairs. */
export function queryParamsOf(
  asked: readonly (readonly [string, string])[],
): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = {};
  for (const [name, value] of asked) {
    const before = params[name];
    params[name] = before === undefined ? value : [before, value].flat();
  }
  return params;
}

/** Whether a filter may stand several times. */
function isRepeated(name: string): boolean {
  return name === 'score' || (MEASURES as readonly string[]).includes(name);
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
