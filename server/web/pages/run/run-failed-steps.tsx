// The failed steps of a run, each a link to its row: a long run is many screens high.

import type { VNode } from 'preact';
import { NO_DATA, formatCountOf } from '../../../../core/format.ts';
import type { FieldKey } from '../../../../core/schema.ts';
import type { RunStep, StepKind } from '../../../queries/runs/read-run.ts';
import { isFailedStep, numberIn, stepAnchor, textIn } from './step-facts.ts';

const LINKS_SHOWN = 10;

/** Calls by what they are called, and what tells one from the other. */
const CALLS: readonly (readonly [StepKind, string, FieldKey])[] = [
  ['model_call', 'model call', 'error.type'],
  ['tool_call', 'tool call', 'gen_ai.tool.name'],
];

export function RunFailedSteps({ steps }: { steps: readonly RunStep[] }): VNode | null {
  const failed = steps.filter((step) => isFailedStep(step) && step['tallyspan.duplicate'] !== true);
  if (failed.length === 0) return null;
  return (
    <div class="empty">
      {CALLS.map(([kind, noun, key]) => {
        const own = failed.filter((step) => step.step === kind);
        const rest = own.length - LINKS_SHOWN;
        if (own.length === 0) return null;
        return (
          <span key={kind} class="why">
            {formatCountOf(own.length, noun)} failed:{' '}
            {own.slice(0, LINKS_SHOWN).map((step, index) => (
              <span key={index}>
                {index > 0 && ' · '}
                <StepLink step={step} name={textIn(step, key) ?? NO_DATA} />
              </span>
            ))}
            {rest > 0 && ` and ${rest} more`}
          </span>
        );
      })}
    </div>
  );
}

function StepLink({ step, name }: { step: RunStep; name: string }): VNode {
  const anchor = stepAnchor(step);
  const number = numberIn(step, 'agent.step_number');
  const text = number === undefined ? name : `step ${number} ${name}`;
  return anchor === undefined ? <>{text}</> : <a href={`#${anchor}`}>{text}</a>;
}
