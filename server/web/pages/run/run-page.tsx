// One run: what came of it, its facts, its steps with one of them in the pane, where its cost went, and how to replay it.

import type { VNode } from 'preact';
import { StatusBadge, linkTo, shortId } from '../../parts/cells.tsx';
import { textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { criticalPathOf } from './critical-path.ts';
import { ContextCosts } from '../../parts/context-costs.tsx';
import type { RunView } from './run-view.ts';
import { RunFactList } from './run-facts.tsx';
import { RunReplay } from './run-replay.tsx';
import { RunScores } from './run-scores.tsx';
import { ScoreForm } from './score-form.tsx';
import { RunSteps } from './steps/run-steps.tsx';
import { RunSummaryPanel } from './run-summary.tsx';
import { endOffsetMs } from './steps/step-facts.ts';
import { StepPane } from './steps/step-pane.tsx';

export function RunPage({ view }: { view: RunView }): VNode {
  const { outline, shown, isStepMissing } = view.data;
  const runId = outline['agent.run_id'];
  const jsonPath = `/api/runs/${encodeURIComponent(runId)}`;
  const lengthMs = lengthOf(view);
  const path = criticalPathOf(outline.steps, lengthMs);
  const hasPane = shown !== undefined || isStepMissing;
  return (
    <div id="run" data-run-page={runId} data-status={outline['agent.status']}>
      <div class="head">
        <h1>
          Run <span class="mono">{shortId(runId)}</span>
        </h1>
        <span class="outcome" role="status">
          <StatusBadge status={outline['agent.status']} />
          {outline['error.type'] !== null && <span class="why">{outline['error.type']}</span>}
        </span>
        <span class="grow" />
        <button type="button" data-keys class="js-only">
          Keys
        </button>
        <a class="button" href={linkTo('/compare', { a: runId, b: 'median' })}>
          Compare
        </a>
        <button type="button" data-copy={jsonPath}>
          Copy as JSON
        </button>
        <a class="button" href={jsonPath}>
          JSON
        </a>
      </div>
      <RunFactList view={view} />
      <RunSummaryPanel view={view} path={path} lengthMs={lengthMs} />
      {outline.silent_failures.length > 0 && <SilentFailures view={view} />}
      <div class={hasPane ? 'run-body with-pane' : 'run-body'}>
        <RunSteps view={view} lengthMs={lengthMs} path={path} />
        <StepPane view={view} />
      </div>
      <RunScores view={view} />
      <ScoreForm runId={runId} />
      <ContextCosts
        owners={view.data.outline.context_costs}
        costNanoUsd={view.data.outline.steps.at(-1)?.total_cost_nano_usd ?? 0}
      />
      <RunReplay view={view} />
      <KeyHelp />
    </div>
  );
}

/** Length of the run with what is nested in it, or as far as it is known. */
function lengthOf({ data: { outline, stepsByRun } }: RunView): number {
  const startMs = Date.parse(outline.started_at);
  const ends = [outline.steps, ...stepsByRun.values()].flat().map(endOffsetMs);
  const nested = outline.nested.map((run) => Date.parse(run.started_at) - startMs + (run.duration_ms ?? 0));
  return [...ends, ...nested].reduce(
    (most, end) => Math.max(most, end),
    Math.max(1, outline.duration_ms ?? 0),
  );
}

const SILENT_COLUMNS: readonly DataColumn<RunView['data']['outline']['silent_failures'][number]>[] = [
  {
    id: 'step',
    title: 'Step',
    value: ({ step }) => step,
    cell: ({ step }) => `step ${step}`,
  },
  {
    id: 'kind',
    title: 'Kind',
    value: ({ kind }) => kind.replaceAll('_', ' '),
    cell: ({ kind }) => <span class="badge warn">{kind.replaceAll('_', ' ')}</span>,
  },
  textColumn('what', 'What', ({ text }) => text, { look: 'wrap' }),
];

/** What nobody was told: no error, and yet something to look at. */
function SilentFailures({ view }: { view: RunView }): VNode {
  return (
    <Panel
      id="silent"
      title="Went unnoticed"
      sub="against what is usual for the tool or the model in the week before"
    >
      <DataTable
        id="silent"
        name="what went unnoticed"
        rows={view.data.outline.silent_failures}
        keyOf={({ at, kind, step }) => `${at} ${kind} ${step}`}
        columns={SILENT_COLUMNS}
      />
    </Panel>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ['j', 'Next step'],
  ['k', 'Step before'],
  ['n', 'Next error'],
  ['/', 'Search the steps'],
  ['Esc', 'Close the step'],
  ['?', 'These keys'],
];

/** Opened by the script that listens to the keys. */
function KeyHelp(): VNode {
  return (
    <dialog class="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="ids">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
