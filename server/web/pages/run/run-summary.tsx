// The summary of a run: how it ended, why it failed and what decided that, and where its cost and its time went.

import type { VNode } from 'preact';
import { ownerName } from '../../../../core/attribution/owner-names.ts';
import { formatCost, formatDuration, formatPercent, formatStatus } from '../../../../core/text/format.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import { Panel } from '../../parts/panel.tsx';
import type { CriticalPath } from './critical-path.ts';
import { stepLink } from './run-address.ts';
import { decidingCall, stepTitle } from './run-data.ts';
import type { RunView } from './run-view.ts';
import { isFailedStep, stepKey, stepName, textIn } from './steps/step-facts.ts';

const OWNERS_SHOWN = 3;
const LEAST_SHARE = 0.01;

export function RunSummaryPanel({
  view,
  path,
  lengthMs,
}: {
  view: RunView;
  path: CriticalPath;
  lengthMs: number;
}): VNode {
  const { outline } = view.data;
  return (
    <Panel label="Summary">
      <dl class="summary">
        <div>
          <dt>Outcome</dt>
          <dd>{outcomeOf(view)}</dd>
        </div>
        <Reason view={view} />
        <div>
          <dt>Where the cost went</dt>
          <dd>
            <CostParts view={view} />
          </dd>
        </div>
        <div>
          <dt>Where the time went</dt>
          <dd>
            {outline.steps.length === 0 ? 'Nothing but the start has arrived.' : timeParts(path, lengthMs)}
          </dd>
        </div>
      </dl>
    </Panel>
  );
}

function outcomeOf({ data: { outline }, now }: RunView): string {
  const status = outline['agent.status'];
  const error = outline['error.type'];
  const time = formatDuration(outline.duration_ms);
  if (status === 'running')
    return `Running for ${formatDuration(Math.max(0, now - Date.parse(outline.started_at)))}.`;
  if (status === 'ok') return `Ended well after ${time}.`;
  if (status === 'lost')
    return `Abandoned: no end was reported. Its process was killed, or nothing came for an hour. Last seen ${time} after its start.`;
  const words: Readonly<Record<string, string>> = {
    error: 'Failed',
    aborted: 'Stopped by its caller',
    refused: 'The model refused',
    max_turns: 'Stopped at its limit of turns',
    budget_exceeded: 'Stopped at its budget',
  };
  return `${words[status] ?? formatStatus(status)} after ${time}${error === null ? '' : `: ${error}`}.`;
}

/** The failed step that explains the end best: one with the same error, else the last that failed. */
function causeOf(steps: readonly RunStep[], error: string | null): RunStep | undefined {
  const failed = steps.filter((step) => isFailedStep(step) && step['tallyspan.duplicate'] !== true);
  return failed.findLast((step) => error !== null && textIn(step, 'error.type') === error) ?? failed.at(-1);
}

/** Why a run is not ok of which no step failed, by its status. */
const REASONS_OUTSIDE: Readonly<Record<string, string>> = {
  lost: 'No recorded step failed: what came last is where it was when it was last seen.',
  aborted: 'No recorded step failed: its caller stopped it.',
};

function Reason({ view }: { view: RunView }): VNode | null {
  const { outline } = view.data;
  const isFailed = !['ok', 'running'].includes(outline['agent.status']);
  const cause = causeOf(outline.steps, outline['error.type']);
  if (!isFailed) return null;
  const repeated = mostRepeated(outline.steps);
  const decider = cause === undefined ? undefined : decidingCall(outline.steps, cause);
  return (
    <div>
      <dt>Why</dt>
      <dd>
        {cause === undefined ? (
          (REASONS_OUTSIDE[outline['agent.status']] ??
          'No recorded step failed: the end came from the code around the agent.')
        ) : (
          <>
            <StepLink view={view} step={cause} /> failed:{' '}
            {textIn(cause, 'error.type') ?? 'the tool reported an error'}.{' '}
            {decider !== undefined && (
              <>
                It was decided by <StepLink view={view} step={decider} />.
              </>
            )}
          </>
        )}
        {outline['agent.status'] === 'max_turns' && repeated !== undefined && (
          <>
            {' '}
            Most calls went to {repeated.name} ({repeated.count}×).
          </>
        )}
      </dd>
    </div>
  );
}

function mostRepeated(steps: readonly RunStep[]): { name: string; count: number } | undefined {
  const counts = new Map<string, number>();
  for (const step of steps)
    if (step.step === 'tool_call') counts.set(stepName(step), (counts.get(stepName(step)) ?? 0) + 1);
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1]);
  return most === undefined ? undefined : { name: most[0], count: most[1] };
}

function StepLink({ view, step }: { view: RunView; step: RunStep }): VNode {
  const { outline } = view.data;
  const key = stepKey(step);
  if (key === undefined) return <bdi>{stepTitle(step)}</bdi>;
  return (
    <a data-step={key} href={stepLink(outline['agent.run_id'], view.address, key)}>
      <bdi>{stepTitle(step)}</bdi>
    </a>
  );
}

function CostParts({ view }: { view: RunView }): VNode {
  const { outline } = view.data;
  const total = outline['agent.cost_nano_usd'] ?? 0;
  const nested = (outline.cost_with_nested_nano_usd ?? 0) - total;
  const owners = outline.context_costs.filter(({ costNanoUsd }) => costNanoUsd > total * LEAST_SHARE);
  if (total === 0 && nested === 0) return <>{costlessReason(outline)}</>;
  return (
    <>
      {owners.length === 0
        ? `${formatCost(total)} in its model calls`
        : owners.slice(0, OWNERS_SHOWN).map(({ owner, costNanoUsd }, index) => (
            <span key={owner}>
              {index > 0 && ', '}
              <bdi>{ownerName(owner)}</bdi> {formatCost(costNanoUsd)} ({formatPercent(costNanoUsd / total)})
            </span>
          ))}
      {nested > 0 && `, nested runs ${formatCost(nested)}`}
      {outline.context_costs.length > 0 && (
        <>
          {' '}
          · <a href="#tool-costs">all parts</a>
        </>
      )}
    </>
  );
}

function costlessReason(outline: RunView['data']['outline']): string {
  const calls = outline.steps.filter(({ step }) => step === 'model_call').length;
  const yet = outline['agent.status'] === 'running' ? ' yet' : '';
  const isKnown = outline['agent.cost_nano_usd'] !== null || yet !== '';
  if (calls === 0) return isKnown ? `No model call${yet}.` : 'No model call was seen: its cost is not known.';
  return outline.unpriced_calls > 0 ? 'No price is known for its model calls.' : `Nothing was charged${yet}.`;
}

function timeParts(path: CriticalPath, lengthMs: number): string {
  const parts: readonly (readonly [string, number])[] = [
    ['model calls', path.modelMs],
    ['tools', path.toolMs],
    ['between steps', path.betweenMs],
  ];
  return parts
    .filter(([, ms]) => ms >= lengthMs * LEAST_SHARE)
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, ms]) => `${name} ${formatDuration(ms)} (${formatPercent(ms / lengthMs)})`)
    .join(', ');
}
