// The failed steps of a run, each a link that opens it: a long run is many screens high.

import type { VNode } from 'preact';
import { NO_DATA, formatCountOf } from '../../../../core/text/format.ts';
import type { FieldKey } from '../../../../core/schema.ts';
import type { RunStep, StepKind } from '../../../queries/runs/read-run.ts';
import { stepLink } from './run-address.ts';
import type { RunView } from './run-view.ts';
import { isFailedStep, numberIn, stepKey, textIn } from './steps/step-facts.ts';

const LINKS_SHOWN = 10;

/** Calls by what they are called, and what tells one from the other. */
const CALLS: readonly (readonly [StepKind, string, FieldKey])[] = [
  ['model_call', 'model call', 'error.type'],
  ['tool_call', 'tool call', 'gen_ai.tool.name'],
];

export function RunFailedSteps({ view }: { view: RunView }): VNode | null {
  const failed = view.data.outline.steps.filter(
    (step) => isFailedStep(step) && step['tallyspan.duplicate'] !== true,
  );
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
                <StepLink view={view} step={step} name={textIn(step, key) ?? NO_DATA} />
              </span>
            ))}
            {rest > 0 && ` and ${rest} more`}
          </span>
        );
      })}
    </div>
  );
}

function StepLink({ view, step, name }: { view: RunView; step: RunStep; name: string }): VNode {
  const key = stepKey(step);
  const number = numberIn(step, 'agent.step_number');
  const text = number === undefined ? name : `step ${number} ${name}`;
  if (key === undefined) return <>{text}</>;
  const href = stepLink(view.data.outline['agent.run_id'], view.address, key);
  return (
    <a data-step={key} href={href}>
      {text}
    </a>
  );
}
