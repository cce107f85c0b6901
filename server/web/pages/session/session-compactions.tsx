// Compactions of a session.

import type { VNode } from 'preact';
import { CompactionTable } from '../../parts/compaction-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { SessionView } from './session-view.ts';

export function SessionCompactions({ view }: { view: SessionView }): VNode | null {
  const { compactions, timezone, now } = view;
  if (compactions.length === 0) return null;
  return (
    <Panel
      id="compactions"
      title="Compactions"
      sub="a summary took the place of what was said before; cost and saving are estimates"
    >
      <CompactionTable compactions={compactions} place="turn" timezone={timezone} now={now} />
    </Panel>
  );
}
