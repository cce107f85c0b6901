// Things: what runs and calls are named by (users, agents, tools, …), each with a page of its own to which its name leads.

import { isPseudoTool } from '../core/attribution/owner-names.ts';
import type { Dimension } from '../core/schema.ts';

/** Dimensions whose values have a page, and where. */
const PATHS = {
  user: '/users',
  agent: '/agents',
  version: '/versions',
  tool: '/tools',
  model: '/models',
  task: '/tasks',
  project: '/projects',
  session: '/sessions',
} as const satisfies Partial<Record<Dimension, string>>;

export type ThingDimension = keyof typeof PATHS;

export function hasPage(dimension: string): dimension is ThingDimension {
  return dimension in PATHS;
}

/** The page that lists all of them. */
export function thingsPath(dimension: ThingDimension): string {
  return PATHS[dimension];
}

/** The page of one; undefined where there is nothing to name, or where it is a part of the prompt and no tool. */
export function thingPath(dimension: ThingDimension, name: string | null): string | undefined {
  if (name === null || name === '' || (dimension === 'tool' && isPseudoTool(name))) return undefined;
  // An address cannot hold these as a part of its path, however they are written: the list of its runs is its page.
  if (name === '.' || name === '..') return `/runs?${dimension}=${name}`;
  return `${PATHS[dimension]}/${encodeURIComponent(name)}`;
}

/** The page of a group that a value was measured on; undefined where no page shows it. */
export function groupPath(by: Dimension, key: string): string | undefined {
  if (by === 'error') return `/runs?error=${encodeURIComponent(key)}`;
  return hasPage(by) ? thingPath(by, key) : undefined;
}
