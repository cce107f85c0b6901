// Where nested runs stand among the steps of the run that started them.

import { addToGroup } from '../../../../core/group-by.ts';
import type { RunStep } from '../read-run.ts';

export interface PlaceableRun {
  readonly started_at: string;
  readonly parent_span_id?: string | null;
}

/**
 * The step that each run began in: by its span, else the last tool call, or else step, that was under way or over; none
 * where it began before all. `startMs` is what the offsets of the steps count from.
 */
export function placeNested<Run extends PlaceableRun>(
  steps: readonly RunStep[],
  nested: readonly Run[],
  startMs: number,
): ReadonlyMap<RunStep | undefined, readonly Run[]> {
  const bySpan = new Map(steps.map((step) => [step['span_id'], step]));
  const places = new Map<RunStep | undefined, Run[]>();
  for (const run of nested) {
    const span = run.parent_span_id ?? undefined;
    const atMs = Date.parse(run.started_at) - startMs;
    const before = steps.filter((step) => step.offset_ms <= atMs);
    const place =
      (span === undefined ? undefined : bySpan.get(span)) ??
      before.findLast((step) => step.step === 'tool_call' && endOf(step) >= atMs) ??
      before.at(-1);
    addToGroup(places, place, run);
  }
  return places;
}

function endOf(step: RunStep): number {
  const durationMs = step['duration_ms'];
  return step.offset_ms + (typeof durationMs === 'number' ? durationMs : 0);
}
