// Facts of a step, read from its event by key: a step has any field of the schema, or has not.

import type { FieldKey } from '../../../../core/schema.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';

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

/** Id of the step's row on the page. */
export function stepAnchor(step: RunStep): string | undefined {
  const span = textIn(step, 'span_id');
  return span === undefined || step.step === 'note' ? undefined : `s-${span}`;
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

/** What the call paid for carrying the calls and results of tools, without the pseudo-tools in parentheses; null when unknown. */
export function carriedNanoUsd(step: RunStep): number | null {
  if (step.tool_costs === undefined) return null;
  let sum = 0;
  for (const row of step.tool_costs) {
    const name = row['gen_ai.tool.name'];
    const cost = row['cost_nano_usd'];
    if (typeof name === 'string' && !name.startsWith('(') && typeof cost === 'number') sum += cost;
  }
  return sum;
}
