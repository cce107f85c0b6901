// Two groups of runs beside each other: what each is, how they differ, whether that is more than chance, and what the
// difference in cost is made of.

import { PART_NAMES, partDetailText } from '../../../../core/diagnosis/part-names.ts';
import type { ComponentChildren, VNode } from 'preact';
import { usdOf } from '../../../../core/money.ts';
import type { DiagnosisReport } from '../../../queries/diagnosis/read-diagnosis.ts';
import type { GroupDifference, GroupsReport } from '../../../queries/groups/compare-groups.ts';
import { intervalText, meaningText, numberText, signedText } from '../../../queries/groups/group-texts.ts';
import type { Group } from '../../../queries/groups/read-group.ts';
import type { GroupQuestion } from '../../../questions/group-question.ts';
import { GROUPS_TIME } from '../../../questions/groups-params.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { thingPath } from '../../../thing-path.ts';
import { linkTo } from '../../parts/cells.tsx';
import { CostBridge } from '../../parts/chart/cost-bridge.tsx';
import { fileColumn, nameColumn, textColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { filterParams } from '../../../questions/filter-text.ts';

export interface GroupSide {
  readonly question: GroupQuestion;
  readonly group: Group;
}

export interface GroupsView {
  readonly aText: string;
  readonly bText: string;
  /** Undefined until both are written. */
  readonly sides: { readonly a: GroupSide; readonly b: GroupSide } | undefined;
  readonly report: GroupsReport | undefined;
  /** What b costs against a, as if a had as many runs; undefined where it cannot be split. */
  readonly split: DiagnosisReport | undefined;
  readonly suggestions: readonly { readonly title: string; readonly a: string; readonly b: string }[];
  readonly stretch: Stretch;
  readonly zone: string;
}

export const GROUPS_PATH = '/compare/groups';

export function GroupsPage({ view }: { view: GroupsView }): VNode {
  const { sides, stretch, aText, bText } = view;
  return (
    <>
      <div class="head">
        <h1>Compare groups</h1>
        <span class="grow" />
        <TimePicker
          stretch={stretch}
          path={GROUPS_PATH}
          params={{ a: aText === '' ? undefined : aText, b: bText === '' ? undefined : bText }}
          fallback={GROUPS_TIME}
          zone={view.zone}
        />
      </div>
      <Question view={view} />
      {sides === undefined ? (
        <Suggestions view={view} />
      ) : (
        <>
          <Comparison view={view} sides={sides} />
          {view.split !== undefined && <Split split={view.split} sides={sides} />}
          <Tools sides={sides} />
        </>
      )}
    </>
  );
}

function Question({ view }: { view: GroupsView }): VNode {
  return (
    <form class="filter line groups" method="get" action={GROUPS_PATH}>
      {Object.entries(view.stretch.params).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={String(value)} />
      ))}
      <label class="grow">
        A
        <input
          class="wide"
          name="a"
          value={view.aText}
          placeholder="version:1.4"
          required
          spellcheck={false}
        />
      </label>
      <label class="grow">
        B
        <input
          class="wide"
          name="b"
          value={view.bText}
          placeholder="version:1.5, time:yesterday, user:ana or all"
          required
          spellcheck={false}
        />
      </label>
      <button type="submit">Compare</button>
    </form>
  );
}

function Suggestions({ view }: { view: GroupsView }): VNode {
  return (
    <Panel id="suggestions" title="For example">
      <ul class="suggestions">
        {view.suggestions.map(({ title, a, b }) => (
          <li key={title}>
            <a href={linkTo(GROUPS_PATH, { a, b, ...view.stretch.params })}>{title}</a>{' '}
            <span class="mono soft">
              {a} – {b}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** A row of the comparison. */
interface ComparedNumber {
  readonly id: string;
  readonly title: string;
  readonly unit: GroupDifference['unit'];
  readonly a: number | null;
  readonly b: number | null;
  readonly difference: number | null;
  /** Undefined where no interval is known. */
  readonly tested?: GroupDifference;
}

function plainNumber(
  id: string,
  title: string,
  a: number | null,
  b: number | null,
  unit: ComparedNumber['unit'],
): ComparedNumber {
  return { id, title, unit, a, b, difference: minus(b, a) };
}

/** What the numbers of a file are in. */
const FILE_UNITS: Readonly<Record<ComparedNumber['unit'], string>> = {
  nanoUsd: 'USD',
  ms: 'ms',
  tokens: 'tokens',
  ratio: 'ratio',
  '1': 'count',
};

function fileValue(value: number | null, unit: ComparedNumber['unit']): number | null {
  return unit === 'nanoUsd' ? usdOf(value) : value;
}

/** An end of the interval: in the files only. */
function endColumn(id: 'low' | 'high'): DataColumn<ComparedNumber> {
  return {
    id,
    title: id,
    isHidden: true,
    value: ({ tested, unit }) => fileValue(tested?.[id] ?? null, unit),
    cell: () => null,
  };
}

function numberColumn(
  id: 'a' | 'b' | 'difference',
  title: ComponentChildren,
  label: string,
  textOf: (row: ComparedNumber) => string,
): DataColumn<ComparedNumber> {
  return {
    id,
    title,
    label,
    isNumber: true,
    value: (row) => fileValue(row[id], row.unit),
    cell: textOf,
  };
}

function Comparison({ view, sides }: { view: GroupsView; sides: { a: GroupSide; b: GroupSide } }): VNode {
  const { a, b } = sides;
  const [aNumbers, bNumbers] = [a.group.numbers, b.group.numbers];
  const rows = [
    plainNumber('runs', 'Runs', aNumbers.runs, bNumbers.runs, '1'),
    plainNumber('cost', 'Cost', aNumbers.costNanoUsd, bNumbers.costNanoUsd, 'nanoUsd'),
    ...(view.report?.numbers.map((number) => ({ ...number, tested: number })) ?? []),
    plainNumber('cache', 'Cache hits', aNumbers.cacheHitRatio, bNumbers.cacheHitRatio, 'ratio'),
  ];
  const columns: readonly DataColumn<ComparedNumber>[] = [
    textColumn('number', 'Number', ({ title }) => title),
    fileColumn('unit', ({ unit }) => FILE_UNITS[unit]),
    numberColumn(
      'a',
      <>
        A: <RunsOf side={a} />
      </>,
      'A',
      (row) => numberText(row.a, row.unit, [row.b]),
    ),
    numberColumn(
      'b',
      <>
        B: <RunsOf side={b} />
      </>,
      'B',
      (row) => numberText(row.b, row.unit, [row.a]),
    ),
    numberColumn('difference', 'B − A', 'B − A', (row) => signedText(row.difference, row.unit)),
    endColumn('low'),
    endColumn('high'),
    {
      id: 'interval',
      title: 'Interval',
      label: 'Interval',
      isNumber: true,
      value: ({ tested }) => (tested === undefined ? null : intervalText(tested)),
      cell: ({ tested }) => (tested === undefined ? null : intervalText(tested)),
      attributes: () => ({ class: 'soft' }),
    },
    {
      id: 'meaning',
      title: 'Meaning',
      label: 'Meaning',
      value: ({ tested }) => (tested === undefined ? null : meaningText(tested)),
      cell: ({ tested }) => tested !== undefined && <Meaning number={tested} />,
      attributes: () => ({ class: 'wrap' }),
    },
  ];
  return (
    <Panel
      id="comparison"
      title="Comparison"
      sub="runs that ended in the time; the interval holds the difference with 95 % confidence (bootstrap)"
    >
      <DataTable
        id="comparison"
        name="comparison"
        look="as-cards"
        isOrdered
        rows={rows}
        keyOf={({ id }) => id}
        rowAttributes={({ id }) => ({ 'data-row': id })}
        columns={columns}
      />
    </Panel>
  );
}

function RunsOf({ side }: { side: GroupSide }): VNode {
  const { question } = side;
  const { stretch, asked, text } = question;
  const time = { from: new Date(stretch.from).toISOString(), to: new Date(stretch.to).toISOString() };
  return <a href={linkTo('/runs', { ...filterParams(asked), ...time })}>{text}</a>;
}

function Meaning({ number }: { number: GroupDifference }): VNode {
  const { verdict } = number;
  const isSure = verdict !== 'may_be_chance' && verdict !== 'too_few_runs';
  const look = verdict === 'better' || verdict === 'worse' ? verdict : isSure ? undefined : 'soft';
  return <span class={look}>{meaningText(number)}</span>;
}

const PARTS_SHOWN = 8;

function Split({
  split,
  sides,
}: {
  split: DiagnosisReport;
  sides: { a: GroupSide; b: GroupSide };
}): VNode | null {
  if (split.runs === 0 || split.against_runs === 0) return null;
  const parts = split.parts.slice(0, PARTS_SHOWN);
  const rest = split.parts.slice(PARTS_SHOWN).reduce((sum, part) => sum + part.cost_nano_usd, 0);
  return (
    <Panel
      id="split"
      title="What the difference in cost is made of"
      sub={`as if A had as many runs as B; the parts sum to the difference exactly${split.sampled ? ', from a sample of the runs' : ''}`}
    >
      <div class="bridge-box">
        <CostBridge
          label="From the cost of A to the cost of B"
          from={{ name: `A: ${sides.a.question.text}`, nanoUsd: split.against_nano_usd }}
          steps={[
            ...parts.map((part) => ({
              name: [PART_NAMES[part.part], partDetailText(part)].filter((text) => text !== null).join(': '),
              nanoUsd: part.cost_nano_usd,
            })),
            ...(rest === 0 ? [] : [{ name: 'smaller parts', nanoUsd: rest }]),
          ]}
          to={{ name: `B: ${sides.b.question.text}`, nanoUsd: split.cost_nano_usd }}
        />
      </div>
    </Panel>
  );
}

function Tools({ sides }: { sides: { a: GroupSide; b: GroupSide } }): VNode | null {
  const [a, b] = [sides.a, sides.b].map(
    ({ group }) => new Map(group.numbers.tools.map(({ tool, callsPerRun }) => [tool, callsPerRun])),
  ) as [Map<string, number>, Map<string, number>];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  if (names.length === 0) return null;
  const rows = names.map((tool) => ({ tool, a: a.get(tool) ?? 0, b: b.get(tool) ?? 0 }));
  const calls = (
    id: string,
    title: string,
    value: (row: (typeof rows)[number]) => number,
    cell = (row: (typeof rows)[number]) => value(row).toFixed(2),
  ): DataColumn<(typeof rows)[number]> => ({ id, title, isNumber: true, value, cell });
  const columns = [
    nameColumn<(typeof rows)[number]>('tool', 'Tool', ({ tool }) => tool, {
      hrefOf: ({ tool }) => thingPath('tool', tool),
    }),
    calls('a', 'A', (row) => row.a),
    calls('b', 'B', (row) => row.b),
    calls(
      'difference',
      'B − A',
      (row) => row.b - row.a,
      (row) => signedText(row.b - row.a, '1'),
    ),
  ];
  return (
    <Panel id="tools" title="Tool calls per run">
      <DataTable
        id="tools"
        name="tool calls per run"
        rows={rows}
        keyOf={({ tool }) => tool}
        rowAttributes={({ tool }) => ({ 'data-row': tool })}
        columns={columns}
      />
    </Panel>
  );
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
