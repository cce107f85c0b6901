// One session: the runs of a conversation in the order in which they happened.

import type { VNode } from 'preact';
import { formatCost, formatCount } from '../../../core/format.ts';
import type { RunSummary } from '../../queries/list-runs.ts';
import { ALL_RUN_COLUMNS, RunTable } from '../run-table.tsx';

export interface SessionView {
  readonly session: string;
  /** Oldest first. */
  readonly runs: readonly RunSummary[];
  /** Nano-USD, by the signal; null when nothing is priced. */
  readonly costNanoUsd: number | null;
  readonly turns: number | null;
  readonly timezone: string;
  readonly now: number;
}

export function SessionPage({ view }: { view: SessionView }): VNode {
  return (
    <>
      <div class="head">
        <h1>
          Session <span class="mono">{view.session}</span>
        </h1>
      </div>
      <section class="card" aria-label="Facts">
        <dl class="facts">
          <div>
            <dt>Cost</dt>
            <dd class="big">{formatCost(view.costNanoUsd)}</dd>
          </div>
          <div>
            <dt>Runs</dt>
            <dd class="big">{formatCount(view.runs.length)}</dd>
          </div>
          <div>
            <dt>Model calls</dt>
            <dd class="big">{formatCount(view.turns)}</dd>
          </div>
        </dl>
      </section>
      <section class="panel" aria-label="Runs of the session">
        <RunTable
          runs={view.runs}
          columns={ALL_RUN_COLUMNS.filter((column) => column !== 'session')}
          label="Table of runs"
          timezone={view.timezone}
          now={view.now}
        />
      </section>
    </>
  );
}
