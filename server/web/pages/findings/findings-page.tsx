// Findings: what a fix would recover a week, with the runs that show it.

import type { VNode } from 'preact';
import { formatCost } from '../../../../core/text/format.ts';
import type { Finding, FindingsReport } from '../../../queries/findings/read-findings.ts';
import { Moment, Name, shortId } from '../../parts/cells.tsx';
import { Panel } from '../../parts/panel.tsx';

export interface FindingsView {
  readonly report: FindingsReport;
  readonly timezone: string;
  readonly now: number;
}

export function FindingsPage({ view }: { view: FindingsView }): VNode {
  const { findings, weekly_nano_usd: weekly, left_out: leftOut } = view.report;
  const open = findings.filter(({ state }) => state !== 'closed');
  const closed = findings.filter(({ state }) => state === 'closed');
  return (
    <>
      <div class="head">
        <h1>Findings</h1>
        <span class="hint">
          {open.length === 0
            ? 'Nothing in the last 7 days that a fix would recover more than a cent of.'
            : `The fixes would have recovered ${formatCost(weekly)} in the last 7 days.`}
        </span>
      </div>
      {open.map((finding) => (
        <OneFinding key={finding.id} finding={finding} view={view} />
      ))}
      {closed.length > 0 && <h2>Closed: a day with calls has passed without them</h2>}
      {closed.map((finding) => (
        <OneFinding key={finding.id} finding={finding} view={view} />
      ))}
      {leftOut.map((text) => (
        <p key={text} class="hint">
          {text.charAt(0).toUpperCase() + text.slice(1)}.
        </p>
      ))}
    </>
  );
}

function OneFinding({ finding, view }: { finding: Finding; view: FindingsView }): VNode {
  const { timezone, now } = view;
  return (
    <Panel label={finding.title}>
      <div class="title">
        <h2>
          <bdi>{finding.title}</bdi>
        </h2>
        <span class="sub">
          {formatCost(finding.weekly_nano_usd)} a week{finding.state === 'reopened' && ', came back'}
          {finding.agent !== '' && (
            <>
              {' '}
              · <Name text={finding.agent} />
            </>
          )}
        </span>
      </div>
      {finding.evidence.map((text) => (
        <p key={text}>
          <bdi>{text}</bdi>
        </p>
      ))}
      {finding.runs.length > 0 && (
        <p>
          Runs:{' '}
          {finding.runs.map((run) => (
            <>
              <a key={run} href={`/runs/${encodeURIComponent(run)}`}>
                {shortId(run)}
              </a>{' '}
            </>
          ))}
        </p>
      )}
      <p>
        <strong>Fix:</strong> <bdi>{finding.fix}</bdi>
      </p>
      <p class="hint">
        Assumed: {finding.assumed} To verify: {finding.verify}
        {finding.last_seen !== null && (
          <>
            {' '}
            Last seen <Moment at={finding.last_seen} timezone={timezone} now={now} />.
          </>
        )}
      </p>
    </Panel>
  );
}
