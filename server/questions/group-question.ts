// A group of runs as a person writes it: a filter, and where the group is of another time than the page, `time:`:
// `version:1.4 agent:support`, `user:ana time:yesterday`, `all`.

import type { Where } from '../queries/read-events.ts';
import type { RunFilter } from '../queries/runs/run-filter.ts';
import { filterTextOf, readFilterText } from './filter-text.ts';
import { parseRunFilter } from './query-params.ts';
import { RequestError } from './request-error.ts';
import { parseStretch, type Stretch } from './stretch.ts';

export interface GroupQuestion {
  /** As it was written, in one form. */
  readonly text: string;
  readonly stretch: Stretch;
  readonly filter: RunFilter;
  /** Parameters of the list of its runs. */
  readonly asked: readonly (readonly [string, string])[];
  /** What a diagnosis can be narrowed to; undefined where the group is asked for by more than dimensions. */
  readonly where: Where | undefined;
}

const DIMENSIONS = new Set(['agent', 'user', 'version', 'task', 'project', 'session', 'model', 'tool']);
const TIME = /(?:^|\s)time:(\S+)/i;

/** @throws RequestError */
export function readGroupQuestion(given: string, page: Stretch, now: number): GroupQuestion {
  const [, time] = TIME.exec(given) ?? [];
  const words = given.replace(TIME, ' ').trim();
  const { params, rest } = readFilterText(words);
  if (rest !== '' && rest !== 'all')
    throw new RequestError(
      400,
      `${rest} is no filter: write a group as version:1.4 agent:support, user:ana time:yesterday, or all`,
    );
  const stretch =
    time === undefined
      ? page
      : parseStretch({ time, zone: page.timezone }, { now, timezone: page.timezone, time });
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of params) query[name] = [query[name] ?? [], value].flat();
  const filter = {
    ...parseRunFilter(query, now),
    since: stretch.from,
    until: undefined,
    endedBy: stretch.to,
  };
  const isDimensional = params.every(([name]) => DIMENSIONS.has(name));
  return {
    text:
      [filterTextOf(params), time === undefined ? '' : `time:${time}`]
        .filter((part) => part !== '')
        .join(' ') || 'all',
    stretch,
    filter,
    asked: params,
    where: isDimensional ? Object.fromEntries(params) : undefined,
  };
}
