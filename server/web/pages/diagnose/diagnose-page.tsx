// Why did cost change?: the difference between two stretches of time, its causes with their fixes, and every part.

import type { VNode } from 'preact';
import {
  NO_DATA,
  formatCost,
  formatCostChange,
  formatCount,
  formatTimes,
} from '../../../../core/text/format.ts';
import type { DiagnosisReport } from '../../../queries/diagnosis/read-diagnosis.ts';
import { TimePicker } from '../../parts/time-picker.tsx';
import { shownName } from '../../parts/cells.tsx';
import { stretchText } from '../../../../core/text/moment-text.ts';
import { Bridge, headline, type DiagnoseView } from './cost-headline.tsx';
import { Causes, Changes, Parts } from './diagnose-tables.tsx';

const AGAINST: readonly (readonly [string, string])[] = [
  ['', 'as long just before'],
  ['1d', 'the day before'],
  ['7d', 'the 7 days before'],
  ['30d', 'the 30 days before'],
];
/** The time of the page without one in its address. */
export const DIAGNOSIS_TIME = '24h';

export function DiagnosePage({ view }: { view: DiagnoseView }): VNode {
  const { report } = view;
  return (
    <>
      <div class="head">
        <h1>Why did cost change?</h1>
        <span class="grow" />
        <Question view={view} />
      </div>
      {isComparable(report) && (
        <p class={`headline ${report.difference_nano_usd > 0 ? 'worse' : 'better'}`}>
          {headline(view).sentence}
        </p>
      )}
      <Difference view={view} />
      {isComparable(report) && report.difference_nano_usd !== 0 && <Bridge view={view} />}
      <Causes view={view} />
      {report.changes.length > 0 && <Changes view={view} />}
      {isComparable(report) && report.parts.length > 0 && <Parts report={report} />}
    </>
  );
}

function Question({ view }: { view: DiagnoseView }): VNode {
  const { agents, params, stretch } = view;
  const narrowed = Object.fromEntries(
    Object.entries(params).filter(
      ([name]) => !['from', 'to', 'time', 'zone', 'was', 'against'].includes(name),
    ),
  );
  return (
    <>
      <form class="filter auto" method="get" action="/diagnose">
        {Object.entries({ ...narrowed, ...stretch.params, agent: undefined }).map(
          ([name, value]) =>
            value !== undefined && <input key={name} type="hidden" name={name} value={value} />,
        )}
        <Choice label="Against" name="against" options={AGAINST} chosen={params['against'] ?? ''} />
        <Choice
          label="Agent"
          name="agent"
          options={[['', 'all agents'], ...agents.map((name) => [name, shownName(name)] as const)]}
          chosen={params['agent'] ?? ''}
        />
        <button type="submit" class="plain">
          Show
        </button>
      </form>
      <TimePicker
        stretch={stretch}
        path="/diagnose"
        params={{ ...narrowed, against: params['against'] }}
        fallback={DIAGNOSIS_TIME}
        zone={view.zone}
      />
    </>
  );
}

function Choice(props: {
  label: string;
  name: string;
  options: readonly (readonly [string, string])[];
  chosen: string;
}): VNode {
  const isOther = !props.options.some(([value]) => value === props.chosen);
  return (
    <label>
      {props.label}
      <select name={props.name}>
        {props.options.map(([value, name]) => (
          <option key={value} value={value} selected={value === props.chosen}>
            {name}
          </option>
        ))}
        {isOther && (
          <option value={props.chosen} selected>
            {props.chosen.slice(0, 40)}
          </option>
        )}
      </select>
    </label>
  );
}

function Difference({ view }: { view: DiagnoseView }): VNode {
  const { report, timezone } = view;
  const { cost_nano_usd: cost, against_nano_usd: against, difference_nano_usd: difference } = report;
  const stretch = ({ from, to }: { from: string; to: string }): string =>
    stretchText(Date.parse(from), Date.parse(to), timezone);
  const look = !isComparable(report) || difference === 0 ? '' : difference > 0 ? ' worse' : ' better';
  return (
    <div class="cards">
      <div class="card">
        <div class="label">Cost</div>
        <div class="big">{report.runs > 0 ? formatCost(cost) : NO_DATA}</div>
        <div class="sub">{stretch(report.window)}</div>
      </div>
      <div class="card">
        <div class="label">Against</div>
        <div class="big">{report.against_runs > 0 ? formatCost(against) : NO_DATA}</div>
        <div class="sub">
          {stretch(report.against)}
          {report.scale !== 1 && `, taken for as long (× ${report.scale.toPrecision(3)})`}
        </div>
      </div>
      <div class="card">
        <div class="label">Difference</div>
        <div class={`big${look}`}>{isComparable(report) ? formatCostChange(difference) : NO_DATA}</div>
        <div class="sub">
          {isComparable(report) && against > 0 ? formatTimes(cost / against) : 'nothing to compare with'}
          {report.sampled && '; its parts from a sample of the runs, at most a minute old'}
        </div>
      </div>
      <div class="card">
        <div class="label">Runs</div>
        <div class="big">{report.runs > 0 ? formatCount(report.runs) : NO_DATA}</div>
        <div class="sub">
          against {report.against_runs > 0 ? formatCount(Math.round(report.against_runs)) : NO_DATA}
          {report.sampled &&
            `; looked at: ${formatCount(report.runs_looked_at)} and ${formatCount(report.against_runs_looked_at)}, the most expensive among them`}
        </div>
      </div>
    </div>
  );
}

/** Whether both times have priced calls: nothing is no cost of zero. */
function isComparable(report: DiagnosisReport): boolean {
  return report.runs > 0 && report.against_runs > 0;
}
