// A group of runs as a person writes it: a filter, and where the group is of another time than the page, `time:`:
// `version:1.4 agent:support`, `user:ana time:yesterday`, `all`.

import type { Where } from '../queries/read-events.ts';
import type { RunFilter } from '../queries/runs/run-filter.ts';
import { filterParams, filterTextOf, readFilterText, refuseUnknown, type FilterPair } from './filter-text.ts';
import { parseRunFilter } from './run-filter-params.ts';
import { RequestError } from './request-error.ts';
import { parseStretch, type Stretch } from './stretch.ts';

export interface GroupQuestion {
  /** As it was written, in one form. */
  readonly text: string;
  readonly stretch: Stretch;
  readonly filter: RunFilter;
  /** Parameters of the list of its runs. */
  readonly asked: readonly FilterPair[];
  /** What a diagnosis can be narrowed to; undefined where the group is asked for by more than dimensions. */
  readonly where: Where | undefined;
}

const DIMENSIONS = new Set(['agent', 'user', 'version', 'task', 'project', 'session', 'model', 'tool']);
const TIME = /(?:^|\s)time:(\S+)/i;

/** @throws RequestError */
export function readGroupQuestion(given: string, page: Stretch, now: number): GroupQuestion {
  const [, time] = TIME.exec(given) ?? [];
  const words = given.replace(TIME, ' ').trim();
  const read = readFilterText(words);
  refuseUnknown(read);
  const { params, rest, excludedWords } = read;
  const others = [
    ...(rest === 'all' || rest === '' ? [] : [rest]),
    ...excludedWords.map((word) => `-${word}`),
  ];
  if (others.length > 0)
    throw new RequestError(
      400,
      `${others.join(' ')} is no filter: write a group as version:1.4 agent:support, user:ana time:yesterday, or all`,
    );
  const stretch =
    time === undefined
      ? page
      : parseStretch({ time, zone: page.timezone }, { now, timezone: page.timezone, time });
  const filter = {
    ...parseRunFilter(filterParams(params), now),
    since: stretch.from,
    until: undefined,
    endedBy: stretch.to,
  };
  // A diagnosis is narrowed to one value of each.
  const isDimensional =
    params.every(([name]) => DIMENSIONS.has(name)) &&
    new Set(params.map(([name]) => name)).size === params.length;
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
