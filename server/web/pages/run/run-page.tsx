// One run: its facts, its steps, what the calls carried, what went unnoticed, and the runs that it started.

import type { VNode } from 'preact';
import type { RunTree } from '../../../queries/runs/read-run.ts';
import { StatusBadge, linkTo, shortId } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import type { TraceLink } from '../../trace-links.ts';
import { RunChildren } from './run-children.tsx';
import { RunFacts } from './run-facts.tsx';
import { RunSteps } from './run-steps.tsx';
import { RunToolCosts } from './run-tool-costs.tsx';

export interface RunView {
  readonly run: RunTree;
  /** The same trace in other back ends. */
  readonly traceLinks: readonly TraceLink[];
  readonly timezone: string;
  readonly now: number;
}

export function RunPage({ view }: { view: RunView }): VNode {
  const { run } = view;
  const jsonPath = `/api/runs/${encodeURIComponent(run['agent.run_id'])}`;
  return (
    <>
      <div class="head">
        <h1>
          Run <span class="mono">{shortId(run['agent.run_id'])}</span>
        </h1>
        <StatusBadge status={run['agent.status']} />
        {run['error.type'] !== null && <span class="why">{run['error.type']}</span>}
        <span class="grow" />
        <a class="button" href={linkTo('/compare', { a: run['agent.run_id'] })}>
          Compare
        </a>
        <button type="button" data-copy={jsonPath}>
          Copy as JSON
        </button>
        <a class="button" href={jsonPath}>
          JSON
        </a>
      </div>
      <RunFacts view={view} />
      {run.silent_failures.length > 0 && <SilentFailures run={run} />}
      <RunSteps run={run} />
      <RunToolCosts run={run} />
      {run.children.length > 0 && <RunChildren view={view} />}
    </>
  );
}

/** What nobody was told: no error, and yet something to look at. */
function SilentFailures({ run }: { run: RunTree }): VNode {
  return (
    <Panel
      id="silent"
      title="Went unnoticed"
      sub="against what is usual for the tool or the model in the week before"
    >
      <Scroll label={{ headingId: 'silent' }}>
        {' '}
        <table>
          <tbody>
            {run.silent_failures.map((failure) => (
              <tr key={`${failure.at} ${failure.kind} ${failure.step}`}>
                <td>step {failure.step}</td>
                <td>
                  <span class="badge warn">{failure.kind.replaceAll('_', ' ')}</span>
                </td>
                <td class="wrap">{failure.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>{' '}
    </Panel>
  );
}
