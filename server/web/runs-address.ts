// The address of the list of runs: the parameters of the API, and times as a form writes them.

import { durationMsOf } from '../../core/duration.ts';
import type { RunFilter } from '../queries/runs/run-filter.ts';
import { localInstantParam, parseRunFilter, textParam, type QueryText } from '../questions/query-params.ts';

export interface RunsAddress {
  readonly filter: RunFilter;
  /** The parameters that count, as they were written. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly isFiltered: boolean;
}

/** The stretch of time that a form shows; it sends it back, so that one knows whether it was changed. */
export function stretchParam(from: string, to: string): string {
  return `${from}~${to}`;
}

/** @throws RequestError on what cannot be understood */
export function parseRunsAddress(query: QueryText, now: number, timezone: string): RunsAddress {
  const asked = withoutOldStretch(
    textParam(query, 'status') === 'failed' ? { ...query, status: '', failed: 'true' } : query,
  );
  const filter = parseRunFilter(asked, now);
  const from = localInstantParam(asked, 'from', timezone);
  const until = localInstantParam(asked, 'to', timezone);
  const params = Object.fromEntries(Object.keys(asked).map((key) => [key, textParam(asked, key)]));
  return {
    filter: { ...filter, since: from ?? filter.since, until: until ?? filter.until },
    params,
    isFiltered: Object.entries(params).some(([key, value]) => value !== undefined && key !== 'sort'),
  };
}

/** Whoever chooses a time such as the last hour, and leaves the stretch as the form showed it, means the former. */
function withoutOldStretch({ shown, from, to, ...rest }: QueryText): QueryText {
  const stretch = { from, to };
  const isUnchanged = shown === stretchParam(text(from), text(to));
  const isTimeChosen = durationMsOf(textParam(rest, 'since') ?? '') !== undefined;
  return isUnchanged && isTimeChosen ? rest : { ...rest, ...stretch };
}

function text(value: QueryText[string]): string {
  return typeof value === 'string' ? value : '';
}
