// The headline of a diagnosis, and the chart from the one cost to the other.

import type { VNode } from 'preact';
import { becauseOf } from '../../../../core/diagnosis/because.ts';
import { headlineOf, type CostNames, type Headline } from '../../../../core/diagnosis/headline.ts';
import { UNEXPLAINED } from '../../../../core/diagnosis/part-names.ts';
import { DAY_MS } from '../../../../core/time/time.ts';
import { CostBridge } from '../../parts/chart/cost-bridge.tsx';
import { sentenceText } from '../../parts/cells.tsx';
import { stretchText, whenText } from '../../parts/moment-text.ts';
import type { DiagnosisReport } from '../../../queries/diagnosis/read-diagnosis.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { Panel } from '../../parts/panel.tsx';

export interface DiagnoseView {
  readonly report: DiagnosisReport;
  /** Those that had runs in the time. */
  readonly agents: readonly string[];
  /** The parameters of the address, as they were written. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly stretch: Stretch;
  /** Of the page. */
  readonly timezone: string;
  /** Of the server. */
  readonly zone: string;
  readonly now: number;
}

/** What the two times are called in a sentence. */
function namesOf({ params, stretch, report, timezone }: DiagnoseView): CostNames {
  const time = stretch.name ?? stretchText(stretch.from, stretch.to, timezone);
  const subject = ['user', 'agent', 'version', 'task', 'project', 'session', 'model', 'tool']
    .flatMap((name) => params[name] ?? [])
    .join(', ');
  const now = `${time.charAt(0).toUpperCase()}${time.slice(1)}`.replace(/^Last/, 'The last');
  const days = Math.round((Date.parse(report.against.to) - Date.parse(report.against.from)) / DAY_MS);
  return {
    now: subject === '' ? now : `${subject}: ${now.charAt(0).toLowerCase()}${now.slice(1)}`,
    isGoingOn: time === 'today' || time === 'this week',
    against:
      report.scale === 1
        ? 'the same length of time before'
        : days >= 2
          ? `the ${days}-day average`
          : stretchText(Date.parse(report.against.from), Date.parse(report.against.to), timezone),
  };
}

export function headline(view: DiagnoseView): Headline {
  const { report } = view;
  return headlineOf(
    namesOf(view),
    report.difference_nano_usd,
    report.causes.map(({ title, cause, subject, agent, since, cost_nano_usd: nanoUsd }) => ({
      title,
      nanoUsd,
      because: becauseOf({
        cause,
        subject,
        agent,
        since: since === null ? undefined : whenText(Date.parse(since), view.timezone, view.now),
        isMore: nanoUsd > 0,
      }),
    })),
    report.unexplained_nano_usd,
  );
}

export function Bridge({ view }: { view: DiagnoseView }): VNode {
  const { report } = view;
  const { now, against } = namesOf(view);
  return (
    <Panel
      id="bridge"
      title="From then to now"
      sub="the causes and the rest lead from the one cost to the other"
    >
      <div class="bridge-box">
        <CostBridge
          label="From the earlier cost to the present one"
          from={{
            name: sentenceText(against),
            nanoUsd: report.against_nano_usd,
          }}
          steps={[
            ...report.causes.map(({ title, cost_nano_usd: nanoUsd }) => ({
              name: title,
              nanoUsd,
            })),
            ...(report.unexplained_nano_usd === 0
              ? []
              : [{ name: UNEXPLAINED, nanoUsd: report.unexplained_nano_usd }]),
          ]}
          to={{ name: now, nanoUsd: report.cost_nano_usd }}
        />
      </div>
    </Panel>
  );
}
