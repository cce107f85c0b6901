// Query parameters of a comparison of groups and of a list of versions.

import { readGroupQuestion, type GroupQuestion } from './group-question.ts';
import { textParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';
import { parseStretch, refuseSeveralTimes, type Stretch } from './stretch.ts';

/** The time that groups and versions are of when none is named. */
export const GROUPS_TIME = '7d';

export interface GroupsQuestion {
  readonly a: GroupQuestion;
  readonly b: GroupQuestion;
}

/** @throws RequestError */
export function parseGroupsQuestion(query: QueryText, now: number, timezone: string): GroupsQuestion {
  const [a, b] = [textParam(query, 'a'), textParam(query, 'b')];
  if (a === undefined || b === undefined)
    throw new RequestError(400, 'name two groups: a=version:1.4&b=version:1.5, or agent:support prompt:v1');
  const stretch = stretchOf(query, now, timezone);
  return { a: readGroupQuestion(a, stretch, now), b: readGroupQuestion(b, stretch, now) };
}

/** @throws RequestError */
export function parseVersionsQuestion(
  query: QueryText,
  now: number,
  timezone: string,
): { readonly agent: string; readonly from: number; readonly to: number } {
  const agent = textParam(query, 'agent');
  if (agent === undefined) throw new RequestError(400, 'name the agent: agent=support');
  const { from, to } = stretchOf(query, now, timezone);
  return { agent, from, to };
}

function stretchOf(query: QueryText, now: number, timezone: string): Stretch {
  refuseSeveralTimes(query);
  return parseStretch(query, { now, timezone, time: GROUPS_TIME });
}
