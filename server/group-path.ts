// The page of a group: where the runs, the tool or the session are that a value was measured on.

import type { Dimension } from '../core/schema.ts';

/** Undefined where no page shows the group. */
export function groupPath(by: Dimension, key: string): string | undefined {
  const text = encodeURIComponent(key);
  switch (by) {
    case 'session':
      return `/sessions/${text}`;
    case 'tool':
      return `/tools#${text}`;
    case 'model':
      return `/models#${text}`;
    case 'user':
    case 'agent':
    case 'task':
    case 'error':
      return `/runs?${by}=${text}`;
    default:
      return undefined;
  }
}
