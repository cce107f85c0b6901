// Loops: turns of a run that repeat. They are always reported, as a note on the run; a limit may stop them, too.

import { describeLoop, type Loop, type SettledCall } from '../../../core/limits/loop-watch.ts';
import { formatCost } from '../../../core/text/format.ts';
import type { Run } from '../run.ts';
import type { Telemetry } from '../telemetry.ts';
import type { ToolResult } from './pending-tool.ts';

/** The results of a turn have come: sees whether the run goes round in circles, and notes it once when it does. */
export function watchLoops(telemetry: Telemetry, run: Run, results: readonly ToolResult[]): void {
  if (results.length === 0) return;
  const settled: SettledCall[] = results.flatMap(({ id, isError, block }) => {
    const tool = run.pendingTools.get(id);
    return tool === undefined ? [] : [{ tool: tool.name, input: tool.input, result: block, isError }];
  });
  if (settled.length === 0) return;
  const before = run.loop;
  run.loop = run.loopWatch.see(settled);
  if (run.loop === undefined || before !== undefined) return;
  telemetry.events.emit('agent.note', Date.now(), run.span.spanContext(), {
    ...run.fields(),
    'agent.note.kind': 'loop_suspected',
    'agent.note.subject': run.loop.inputHash,
    'agent.note.value': `${describeLoop(run.loop)} (input ${run.loop.inputHash}), about ${formatCost(burntNanoUsd(run, run.loop))} for nothing`,
    'gen_ai.tool.name': run.loop.tool,
    'agent.step_number': run.turns,
  });
}

/** What the turns of the loop have cost, by the mean of the run. */
export function burntNanoUsd(run: Run, { wastedTurns }: Loop): number {
  return run.turns === 0 ? 0 : Math.round((run.costNanoUsd * Math.min(wastedTurns, run.turns)) / run.turns);
}
