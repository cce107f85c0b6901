// The run that the board of one run is tested with: one of its tool calls failed.

import type { EventRecord } from '../../core/event.ts';

/** Id of the newest run with a failed tool call. */
export function runWithFailedTool(events: readonly EventRecord[]): string {
  const call = events.findLast(
    (event) => event['event.name'] === 'agent.tool_call' && event['tool.ok'] === false,
  );
  const run = call?.['agent.run_id'];
  if (run === undefined) throw new Error('no tool call of the corpus failed');
  return run;
}
