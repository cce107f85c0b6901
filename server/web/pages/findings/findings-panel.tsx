// The findings on the overview: what the most expensive ones would recover a week.

import type { VNode } from 'preact';
import { formatCost } from '../../../../core/text/format.ts';
import type { FindingsReport } from '../../../queries/findings/read-findings.ts';

const SHOWN = 3;

/** Nothing where nothing is open. */
export function FindingsPanel({ report }: { report: FindingsReport | undefined }): VNode | null {
  const open = report?.findings.filter(({ state }) => state !== 'closed') ?? [];
  if (report === undefined || open.length === 0) return null;
  return (
    <p class="message" data-findings>
      Fixes would recover {formatCost(report.weekly_nano_usd)} a week:{' '}
      {open.slice(0, SHOWN).map(({ id, title, weekly_nano_usd: weekly }) => (
        <span key={id}>
          <bdi>{title}</bdi> ({formatCost(weekly)});{' '}
        </span>
      ))}
      <a href="/findings">all findings</a>
    </p>
  );
}
