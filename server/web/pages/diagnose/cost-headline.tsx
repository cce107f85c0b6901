// The headline of a diagnosis, and the chart from the one cost to the other.

import type { VNode } from 'preact';
import type { Headline } from '../../../../core/diagnosis/headline.ts';
import {
  costNamesOf,
  reportHeadline,
  type HeadlineContext,
} from '../../../../core/diagnosis/report-headline.ts';
import { UNEXPLAINED } from '../../../../core/diagnosis/part-names.ts';
import { CostBridge } from '../../parts/chart/cost-bridge.tsx';
import { sentenceText } from '../../parts/cells.tsx';
import { stretchText } from '../../../../core/text/moment-text.ts';
import type { DiagnosisReport } from '../../../queries/diagnosis/read-diagnosis.ts';
import { DIAGNOSIS_NARROWINGS } from '../../../questions/diagnosis-params.ts';
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

function contextOf({ params, stretch, timezone, now }: DiagnoseView): HeadlineContext {
  const subject = DIAGNOSIS_NARROWINGS.flatMap((name) => params[name] ?? []).join(', ');
  return {
    // One that was written by its ends is named by them, as they were written.
    time: stretch.name ?? stretchText(stretch.from, stretch.to, timezone),
    subject,
    timezone,
    now,
  };
}

export function headline(view: DiagnoseView): Headline {
  return reportHeadline(view.report, contextOf(view));
}

export function Bridge({ view }: { view: DiagnoseView }): VNode {
  const { report } = view;
  const { now, against } = costNamesOf(report, contextOf(view));
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
