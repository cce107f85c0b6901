// The tables of a cost change: its causes with their fixes, what is new, and every part of the difference.

import type { VNode } from 'preact';
import { PART_NAMES, UNEXPLAINED, partDetailText } from '../../../../core/diagnosis/part-names.ts';
import { shareOfSide } from '../../../../core/diagnosis/headline.ts';
import { NO_DATA, formatCostChange, formatPercent } from '../../../../core/text/format.ts';
import type { DiagnosisReport, EvidenceSegment } from '../../../queries/diagnosis/read-diagnosis.ts';
import { thingPath } from '../../../thing-path.ts';
import { HowToSend, Moment, sentenceText, shortId } from '../../parts/cells.tsx';
import { momentColumn, moneyColumn, nameColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { headline, type DiagnoseView } from './cost-headline.tsx';

type Cause = DiagnosisReport['causes'][number];

/** Parts smaller than this share of the largest are folded away. */
const SMALL_PART = 0.01;

export function Causes({ view }: { view: DiagnoseView }): VNode {
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
        <DataTable
          id="causes"
          name="causes"
          label="Table of causes"
          look="as-cards"
          rows={report.causes.map(causeLine)}
          last={[unexplainedLine(report)]}
          keyOf={({ key }) => key}
          columns={causeColumns(view)}
        />
      )}
    </Panel>
  );
}

/** A cause, or what no cause explains. */
interface CauseLine {
  readonly key: string;
  readonly nanoUsd: number;
  readonly title: string;
  readonly cause?: Cause;
}

function causeLine(cause: Cause): CauseLine {
  const { title, cost_nano_usd: nanoUsd } = cause;
  return { key: `${cause.cause} ${cause.subject ?? ''}`, nanoUsd, title, cause };
}

function unexplainedLine({ unexplained_nano_usd: nanoUsd }: DiagnosisReport): CauseLine {
  return { key: '', nanoUsd, title: UNEXPLAINED };
}

function causeColumns(view: DiagnoseView): readonly DataColumn<CauseLine>[] {
  return [
    moneyColumn('cost_usd', 'Cost', ({ nanoUsd }) => nanoUsd, {
      label: 'Cost',
      cell: ({ nanoUsd, cause }) =>
        cause === undefined ? (
          formatCostChange(nanoUsd)
        ) : (
          <>
            <strong>{formatCostChange(nanoUsd)}</strong>
            {cause.estimated && <span class="badge">estimated</span>}
          </>
        ),
    }),
    {
      id: 'share',
      title: 'Share',
      label: 'Share',
      isNumber: true,
      value: ({ nanoUsd }) => shareOfSide(nanoUsd, headline(view)),
      cell: ({ nanoUsd }) => <SideShare nanoUsd={nanoUsd} view={view} />,
    },
    {
      id: 'cause',
      title: 'Likely cause, and what shows it',
      value: ({ title }) => title,
      cell: ({ title, cause }) => (cause === undefined ? title : <CauseCell cause={cause} view={view} />),
      attributes: ({ cause }) => ({ class: cause === undefined ? 'wrap soft' : 'wrap' }),
    },
    {
      id: 'fix',
      title: 'Fix',
      label: 'Fix',
      value: ({ cause }) => cause?.fix ?? null,
      cell: ({ cause }) => cause?.fix ?? NO_DATA,
      attributes: () => ({ class: 'wrap' }),
    },
    {
      id: 'runs',
      title: 'Runs that show it',
      label: 'Runs that show it',
      value: ({ cause }) => cause?.runs.join(' ') ?? null,
      cell: ({ cause }) =>
        cause === undefined
          ? NO_DATA
          : cause.runs.map((run) => (
              <div key={run}>
                <RunLink run={run} />
              </div>
            )),
    },
  ];
}

function CauseCell({ cause, view }: { cause: Cause; view: DiagnoseView }): VNode {
  return (
    <>
      <strong>{cause.title}</strong>
      {cause.evidence_segments.map((line, index) => (
        <div key={index} class="soft">
          {line.map((segment) => (
            <Evidence key={segment.text} segment={segment} view={view} />
          ))}
        </div>
      ))}
    </>
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

export function Changes({ view }: { view: DiagnoseView }): VNode {
  const { report } = view;
  const columns: readonly DataColumn<DiagnosisReport['changes'][number]>[] = [
    momentColumn('since', 'Since', ({ since }) => since, view),
    textColumn('what', 'What', ({ kind }) => kindText(kind)),
    {
      id: 'value',
      title: 'Value',
      value: ({ value }) => value,
      cell: ({ value }) => value,
      attributes: () => ({ class: 'mono' }),
    },
    nameColumn('agent', 'Agent', ({ agent }) => agent, { hrefOf: ({ agent }) => thingPath('agent', agent) }),
    {
      id: 'run',
      title: 'First run',
      value: ({ run }) => run,
      cell: ({ run }) => (run === null ? NO_DATA : <RunLink run={run} />),
    },
  ];
  return (
    <Panel
      id="changes"
      title="What is new"
      sub="first sight of what the earlier time did not have; not by itself a cause"
    >
      <DataTable
        id="changes"
        name="what is new"
        label="Table of changes"
        rows={report.changes}
        keyOf={({ kind, agent, value }) => `${kind} ${agent} ${value}`}
        columns={columns}
      />
    </Panel>
  );
}

function kindText(kind: string): string {
  return sentenceText(kind.replaceAll('_', ' '));
}

interface PartLine {
  readonly key: string;
  readonly name: string;
  readonly of: string | null;
  /** Where it is about one run. */
  readonly run?: string;
  readonly nanoUsd: number;
}

function partLine(part: DiagnosisReport['parts'][number]): PartLine {
  const isRun = part.part === 'outlier_run' && part.detail !== null;
  return {
    key: `${part.part} ${part.detail ?? ''}`,
    name: PART_NAMES[part.part],
    of: isRun ? part.detail : partDetailText(part),
    ...(isRun && part.detail !== null && { run: part.detail }),
    nanoUsd: part.cost_nano_usd,
  };
}

const PART_COLUMNS: readonly DataColumn<PartLine>[] = [
  textColumn('part', 'Part', ({ name }) => name),
  {
    id: 'of',
    title: 'Of',
    value: ({ of }) => of,
    cell: ({ of, run }) => (run === undefined ? (of ?? NO_DATA) : <RunLink run={run} />),
  },
  moneyColumn('cost_usd', 'Cost', ({ nanoUsd }) => nanoUsd, {
    cell: ({ nanoUsd }) => formatCostChange(nanoUsd),
  }),
];

export function Parts({ report }: { report: DiagnosisReport }): VNode {
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
      <DataTable
        id="parts"
        name="parts of the difference"
        label="Table of parts"
        rows={shown.map(partLine)}
        last={rest === 0 ? [] : [{ key: '', name: 'Smaller parts', of: null, nanoUsd: rest }]}
        keyOf={({ key }) => key}
        columns={PART_COLUMNS}
      />
    </Panel>
  );
}

function noCause(report: DiagnosisReport): string {
  if (report.runs === 0) return 'No priced calls in that time.';
  if (report.against_runs === 0) return 'No priced calls to compare with. Choose another time to compare.';
  return 'Nothing stands out: no cause shows beyond what runs differ by chance.';
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
