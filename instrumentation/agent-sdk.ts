// The entry for the Claude Agent SDK: `const query = wrapQuery(sdk.query)`. Without the preload the
// function comes back as it is.

interface AgentRecorder {
  observeQuery<T>(query: T): T;
}

/** A `query` that is observed; its Query keeps every method. */
export function wrapQuery<T extends (parameters: never) => object>(query: T): T {
  const recorder = (globalThis as { [key: symbol]: AgentRecorder | undefined })[Symbol.for('tallyspan.node')];
  return recorder === undefined ? query : recorder.observeQuery(query);
}
