// The entry for the Claude Agent SDK: `const query = wrapQuery(sdk.query)`. Without the preload the
// function comes back as it is.

import { find, RECORDER } from './process/meeting-place.ts';

interface AgentRecorder {
  observeQuery<T>(query: T): T;
}

/** A `query` that is observed; its Query keeps every method. */
export function wrapQuery<T extends (parameters: never) => object>(query: T): T {
  const recorder = find(RECORDER) as AgentRecorder | undefined;
  return recorder === undefined ? query : recorder.observeQuery(query);
}
