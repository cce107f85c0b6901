// The runs that a run started, in order: what each did, when after its start, and what it cost.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatDuration } from '../../../../core/format.ts';
import { Moment, StatusBadge, shortId } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import type { RunView } from './run-page.tsx';

export function RunChildren({ view }: { view: RunView }): VNode {
  const { run, timezone, now } = view;
  const startMs = Date.parse(run.started_at);
  return (
    <Panel id="children" title="Runs it started">
      <Scroll label={{ headingId: 'children' }}>
        <table>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Agent</th>
              <th scope="col">Started</th>
              <th scope="col" class="n" title="From the start of this run">
                After
              </th>
              <th scope="col">Status</th>
              <th scope="col" class="n">
                Time
              </th>
              <th scope="col" class="n">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {run.children.map((child) => (
              <tr key={child['agent.run_id']} data-run={child['agent.run_id']}>
                <td>
                  <a class="mono" href={`/runs/${encodeURIComponent(child['agent.run_id'])}`}>
                    {shortId(child['agent.run_id'])}
                  </a>
                </td>
                <td>{child['gen_ai.agent.name'] ?? NO_DATA}</td>
                <td>
                  <Moment at={child.started_at} timezone={timezone} now={now} />
                </td>
                <td class="n">+{formatDuration(Math.max(0, Date.parse(child.started_at) - startMs))}</td>
                <td>
                  <StatusBadge status={child['agent.status']} />
                </td>
                <td class="n">{formatDuration(child.duration_ms)}</td>
                <td class="n">{formatCost(child['agent.cost_nano_usd'])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
