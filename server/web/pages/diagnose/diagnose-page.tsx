// Why did cost change?: the difference between two stretches of time, its causes with their fixes, and every part.

import type { VNode } from 'preact';
import { PART_NAMES, UNEXPLAINED, partDetailText } from '../../../../core/diagnosis/part-names.ts';
import { shareOfSide } from '../../../../core/diagnosis/headline.ts';
import {
  NO_DATA,
  formatCost,
  formatCostChange,
  formatCount,
  formatPercent,
  formatTimes,
} from '../../../../core/text/format.ts';
import type { DiagnosisReport, EvidenceSegment } from '../../../queries/diagnosis/read-diagnosis.ts';
import { thingPath } from '../../../thing-path.ts';
import { TimePicker } from '../../parts/time-picker.tsx';
import { HowToSend, Moment, Name, sentenceText, shortId, shownName } from '../../parts/cells.tsx';
import { stretchText } from '../../../../core/text/moment-text.ts';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { Bridge, headline, type DiagnoseView } from './cost-headline.tsx';
import { TableHead } from '../../parts/table-head.tsx';

type Cause = DiagnosisReport['causes'][number];

const AGAINST: readonly (readonly [string, string])[] = [
  ['', 'as long just before'],
  ['1d', 'the day before'],
  ['7d', 'the 7 days before'],
  ['30d', 'the 30 days before'],
];
/** The time of the page without one in its address. */
export const DIAGNOSIS_TIME = '24h';
/** Parts smaller than this share of the largest are folded away. */
const SMALL_PART = 0.01;

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

function Causes({ view }: { view: DiagnoseView }): VNode {
  const { report } = view;
  return (
    <Panel
      id="causes"
      title="Causes"
      sub="named on evidence only; what raises the cost and what lowers it each sum to 100 %"
    >
      {report.causes.length === 0 ? (
        <div class="empty">
          {noCause(report)} {report.runs === 0 && <HowToSend />}
        </div>
      ) : (
        <Scroll label="Table of causes">
          <table class="as-cards">
            <TableHead
              of={[
                { n: 'Cost' },
                { n: 'Share' },
                'Likely cause, and what shows it',
                'Fix',
                'Runs that show it',
              ]}
            />
            <tbody>
              {report.causes.map((cause) => (
                <CauseRow key={`${cause.cause} ${cause.subject ?? ''}`} cause={cause} view={view} />
              ))}
              <tr>
                <td class="n">{formatCostChange(report.unexplained_nano_usd)}</td>
                <td class="n">
                  <SideShare nanoUsd={report.unexplained_nano_usd} view={view} />
                </td>
                <td class="wrap soft">{UNEXPLAINED}</td>
                <td>{NO_DATA}</td>
                <td>{NO_DATA}</td>
              </tr>
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

function CauseRow({ cause, view }: { cause: Cause; view: DiagnoseView }): VNode {
  return (
    <tr>
      <td class="n" data-label="Cost">
        <strong>{formatCostChange(cause.cost_nano_usd)}</strong>
        {cause.estimated && <span class="badge">estimated</span>}
      </td>
      <td class="n" data-label="Share">
        <SideShare nanoUsd={cause.cost_nano_usd} view={view} />
      </td>
      <td class="wrap">
        <strong>{cause.title}</strong>
        {cause.evidence_segments.map((line, index) => (
          <div key={index} class="soft">
            {line.map((segment) => (
              <Evidence key={segment.text} segment={segment} view={view} />
            ))}
          </div>
        ))}
      </td>
      <td class="wrap" data-label="Fix">
        {cause.fix}
      </td>
      <td data-label="Runs that show it">
        {cause.runs.map((run) => (
          <div key={run}>
            <RunLink run={run} />
          </div>
        ))}
      </td>
    </tr>
  );
}

function Evidence({ segment, view }: { segment: EvidenceSegment; view: DiagnoseView }): VNode {
  if (segment.run !== undefined) return <RunLink run={segment.run} />;
  if (segment.at !== undefined) return <Moment at={segment.at} timezone={view.timezone} now={view.now} />;
  return <>{segment.text}</>;
}

function RunLink({ run }: { run: string }): VNode {
  return (
    <a class="mono" href={`/runs/${encodeURIComponent(run)}`}>
      {shortId(run)}
    </a>
  );
}

function Changes({ view }: { view: DiagnoseView }): VNode {
  const { report, timezone, now } = view;
  return (
    <Panel
      id="changes"
      title="What is new"
      sub="first sight of what the earlier time did not have; not by itself a cause"
    >
      <Scroll label="Table of changes">
        <table>
          <TableHead of={['Since', 'What', 'Value', 'Agent', 'First run']} />
          <tbody>
            {report.changes.map((change) => (
              <tr key={`${change.kind} ${change.agent} ${change.value}`}>
                <td>
                  <Moment at={change.since} timezone={timezone} now={now} />
                </td>
                <td>{sentenceText(change.kind.replaceAll('_', ' '))}</td>
                <td class="mono">{change.value}</td>
                <td>
                  <Name text={change.agent} href={thingPath('agent', change.agent)} />
                </td>
                <td>{change.run === null ? NO_DATA : <RunLink run={change.run} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function Parts({ report }: { report: DiagnosisReport }): VNode {
  const largest = Math.abs(report.parts[0]?.cost_nano_usd ?? 0);
  const isLarge = (nanoUsd: number): boolean => Math.abs(nanoUsd) >= largest * SMALL_PART;
  const shown = report.parts.filter((part) => isLarge(part.cost_nano_usd));
  const rest = report.parts.reduce(
    (sum, part) => sum + (isLarge(part.cost_nano_usd) ? 0 : part.cost_nano_usd),
    0,
  );
  return (
    <Panel
      id="parts"
      title="Every part of the difference"
      sub={`they sum to ${formatCostChange(report.difference_nano_usd)} exactly`}
    >
      <Scroll label="Table of parts">
        <table>
          <TableHead of={['Part', 'Of', { n: 'Cost' }]} />
          <tbody>
            {shown.map((part) => (
              <tr key={`${part.part} ${part.detail ?? ''}`}>
                <td>{PART_NAMES[part.part]}</td>
                <td>
                  {part.part === 'outlier_run' && part.detail !== null ? (
                    <RunLink run={part.detail} />
                  ) : (
                    (partDetailText(part) ?? NO_DATA)
                  )}
                </td>
                <td class="n">{formatCostChange(part.cost_nano_usd)}</td>
              </tr>
            ))}
            {rest !== 0 && (
              <tr>
                <td class="soft">Smaller parts</td>
                <td>{NO_DATA}</td>
                <td class="n">{formatCostChange(rest)}</td>
              </tr>
            )}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

/** Whether both times have priced calls: nothing is no cost of zero. */
function isComparable(report: DiagnosisReport): boolean {
  return report.runs > 0 && report.against_runs > 0;
}

function noCause(report: DiagnosisReport): string {
  if (report.runs === 0) return 'No priced calls in that time.';
  if (report.against_runs === 0) return 'No priced calls to compare with. Choose another time to compare.';
  return 'Nothing stands out: the difference is no more than runs differ by chance.';
}

/** Of all that raises the cost, or of all that lowers it. */
function SideShare({ nanoUsd, view }: { nanoUsd: number; view: DiagnoseView }): VNode {
  const share = shareOfSide(nanoUsd, headline(view));
  if (share === null) return <>{NO_DATA}</>;
  return (
    <>
      {formatPercent(share)}
      <span class="hint">{nanoUsd > 0 ? 'of what raises' : 'of what lowers'}</span>
    </>
  );
}
