// The runs that a run started.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatDuration } from '../../../core/format.ts';
import { StatusBadge, shortId } from '../cells.tsx';
import { Panel } from '../panel.tsx';
import type { RunView } from './run-page.tsx';

export function RunChildren({ view }: { view: RunView }): VNode {
  return (
    <Panel id="children" title="Runs it started">
      <table>
        <tbody>
          {view.run.children.map((child) => (
            <tr key={child['agent.run_id']}>
              <td>
                <a class="mono" href={`/runs/${encodeURIComponent(child['agent.run_id'])}`}>
                  {shortId(child['agent.run_id'])}
                </a>
              </td>
              <td>{child['gen_ai.agent.name'] ?? NO_DATA}</td>
              <td>
                <StatusBadge status={child['agent.status']} />
              </td>
              <td class="n">{formatDuration(child.duration_ms)}</td>
              <td class="n">{formatCost(child['agent.cost_nano_usd'])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
