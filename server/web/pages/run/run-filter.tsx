// The filter over the steps of a run: which are listed. Each choice is a link or a form, and so an address.

import type { VNode } from 'preact';
import { compareText } from '../../../../core/text/text-order.ts';
import { isFiltered } from './outline-rows.ts';
import { runLink, stepLink, type RunAddress } from './run-address.ts';
import type { RunView } from './run-view.ts';
import { isFailedStep, stepKey, stepName } from './steps/step-facts.ts';

/** Fewer steps are seen at a glance. */
const FILTER_FROM_STEPS = 8;
const TOOLS_SHOWN = 50;

export function StepFilter({ view }: { view: RunView }): VNode | null {
  const { outline, page } = view.data;
  const { address } = view;
  const runId = outline['agent.run_id'];
  if (outline.steps.length < FILTER_FROM_STEPS && !isFiltered(address)) return null;
  const tools = [
    ...new Set(outline.steps.flatMap((step) => (step.step === 'tool_call' ? [stepName(step)] : []))),
  ]
    .toSorted(compareText)
    .slice(0, TOOLS_SHOWN);
  const failed = outline.steps.find(isFailedStep);
  const failedKey = failed === undefined ? undefined : stepKey(failed);
  const choice = (name: string, only: RunAddress['only']): VNode => (
    <a
      class="button"
      data-part
      aria-current={address.only === only ? 'true' : undefined}
      href={runLink(runId, address, { only, offset: undefined })}
    >
      {name}
    </a>
  );
  return (
    <form class="filter auto steps-filter" method="get" action={`/runs/${encodeURIComponent(runId)}`}>
      <span class="choices">
        {choice('All', undefined)}
        {choice('Errors', 'errors')}
        {choice('Slowest', 'slow')}
      </span>
      {address.only !== undefined && <input type="hidden" name="only" value={address.only} />}
      {address.open.length > 0 && <input type="hidden" name="open" value={address.open.join(',')} />}
      {address.step !== undefined && <input type="hidden" name="step" value={address.step} />}
      {tools.length > 1 && (
        <label>
          Tool
          <select name="tool">
            <option value="">any</option>
            {tools.map((tool) => (
              <option key={tool} value={tool} selected={tool === address.tool}>
                {tool}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Text
        <input type="search" name="q" value={address.text ?? ''} size={14} />
      </label>
      <button type="submit" class="plain">
        Filter
      </button>
      {failedKey !== undefined && (
        <a class="button" data-step={failedKey} href={stepLink(runId, address, failedKey)}>
          First error
        </a>
      )}
      {page.areGroupsMade && (
        <a class="button" data-part href={runLink(runId, address, { expand: 'all', offset: undefined })}>
          List repeated steps
        </a>
      )}
      {address.expand !== undefined && (
        <a class="button" data-part href={runLink(runId, address, { expand: undefined, offset: undefined })}>
          Collapse repeated steps
        </a>
      )}
      {isFiltered(address) && (
        <a
          class="button"
          data-part
          href={runLink(runId, address, {
            only: undefined,
            tool: undefined,
            text: undefined,
            from: undefined,
            to: undefined,
            offset: undefined,
          })}
        >
          Clear
        </a>
      )}
    </form>
  );
}
