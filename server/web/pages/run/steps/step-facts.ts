// Facts of a step, read from its event by key: a step has any field of the schema, or has not.

import { formatNoteName } from '../../../../../core/text/format.ts';
import type { FieldKey } from '../../../../../core/schema.ts';
import type { RunStep } from '../../../../queries/runs/read-run.ts';

export function textIn(step: RunStep, key: FieldKey): string | undefined {
  const value = step[key];
  return typeof value === 'string' ? value : undefined;
}

export function numberIn(step: RunStep, key: FieldKey): number | undefined {
  const value = step[key];
  return typeof value === 'number' ? value : undefined;
}

export function textsIn(step: RunStep, key: FieldKey): readonly string[] {
  const value = step[key];
  return Array.isArray(value) ? value.map(String) : [];
}

export function isFailedStep(step: RunStep): boolean {
  return step['tool.ok'] === false || textIn(step, 'error.type') !== undefined;
}

/** Name of the step in the address of the page: its span, or its place where a note has that of its run. */
export function stepKey(step: RunStep): string | undefined {
  const span = textIn(step, 'span_id');
  if (span === undefined || step.step !== 'note') return span;
  return `${span}-${numberIn(step, 'tallyspan.seq') ?? step.offset_ms}`;
}

/** Id of the step's row on the page. */
export function stepAnchor(step: RunStep): string | undefined {
  const key = stepKey(step);
  return key === undefined ? undefined : `s-${key}`;
}

/** What a step is called: the model, the tool, the kind of the note. */
export function stepName(step: RunStep): string {
  if (step.step === 'tool_call') return textIn(step, 'gen_ai.tool.name') ?? 'tool';
  if (step.step === 'note') return formatNoteName(step);
  return textIn(step, 'gen_ai.response.model') ?? textIn(step, 'gen_ai.request.model') ?? 'model';
}

/** Milliseconds from the start of the run. */
export function endOffsetMs(step: RunStep): number {
  return step.offset_ms + (numberIn(step, 'duration_ms') ?? 0);
}

/** Tool names by the span of the call. */
export function toolNamesBySpan(steps: readonly RunStep[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const step of steps) {
    const span = textIn(step, 'span_id');
    const name = textIn(step, 'gen_ai.tool.name');
    if (step.step === 'tool_call' && span !== undefined && name !== undefined) names.set(span, name);
  }
  return names;
}

/** How much of the cost of the calls is an estimate, as a whole or in part. */
export function sumEstimated(steps: readonly RunStep[]): { calls: number; costNanoUsd: number } {
  const estimated = steps.filter(
    (step) =>
      step['tallyspan.duplicate'] !== true &&
      ['estimated', 'partial'].includes(textIn(step, 'tallyspan.cost.status') ?? ''),
  );
  return {
    calls: estimated.length,
    costNanoUsd: estimated.reduce((sum, step) => sum + (numberIn(step, 'cost_nano_usd') ?? 0), 0),
  };
}

/** What the call paid for keeping the calls and results of tools in its context; null when unknown. */
export function contextCostNanoUsd(step: RunStep): number | null {
  const cost = step['context_cost_nano_usd'];
  return typeof cost === 'number' ? cost : null;
}
