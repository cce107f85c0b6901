// The command that replays the run, ready to copy, and what it would need; and the switch that removes its content.

import type { VNode } from 'preact';
import { shortId } from '../../parts/cells.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { RunView } from './run-view.ts';

/** Address that removes the recorded content of a run. */
export function removeContentPath(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}/remove-content`;
}

export function RunReplay({ view }: { view: RunView }): VNode | null {
  const { outline } = view.data;
  const runId = outline['agent.run_id'];
  if (!outline.steps.some((step) => step.step === 'model_call')) return null;
  const command = `tallyspan replay ${shortId(runId)} -- node your-agent.mjs`;
  return (
    <Panel
      id="replay"
      title="Replay"
      sub="your own command against the recorded answers, up to the first difference"
    >
      <div class="replay">
        {outline.has_content ? (
          <>
            <pre tabIndex={0} id="replay-command">
              {command}
            </pre>
            <button type="button" data-copy-text="#replay-command">
              Copy
            </button>
            <form
              method="post"
              action={removeContentPath(runId)}
              data-confirm="Remove the recorded content of this run? Its numbers stay. This cannot be undone."
            >
              <button type="submit">Remove the content of this run</button>
            </form>
          </>
        ) : (
          <p class="empty-line">
            Needs recorded content, and this run has none. Set <code>TALLYSPAN_CONTENT=full</code> in the
            agent's process, run it again, then: <code>{command}</code>
          </p>
        )}
      </div>
    </Panel>
  );
}
