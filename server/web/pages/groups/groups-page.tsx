// Two groups of runs beside each other: what each is, how they differ, whether that is more than chance, and what the
// difference in cost is made of.

import { PART_NAMES, partDetailText } from '../../../../core/diagnosis/part-names.ts';
import type { VNode } from 'preact';
import type { DiagnosisReport } from '../../../queries/diagnosis/read-diagnosis.ts';
import type { GroupDifference, GroupsReport } from '../../../queries/groups/compare-groups.ts';
import { intervalText, meaningText, numberText, signedText } from '../../../queries/groups/group-texts.ts';
import type { Group } from '../../../queries/groups/read-group.ts';
import type { GroupQuestion } from '../../../questions/group-question.ts';
import { GROUPS_TIME } from '../../../questions/groups-params.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { thingPath } from '../../../thing-path.ts';
import { Name, linkTo } from '../../parts/cells.tsx';
import { CostBridge } from '../../parts/chart/cost-bridge.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { queryParamsOf } from '../../runs-address.ts';
import { TableHead } from '../../parts/table-head.tsx';

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

interface PlainNumberProps {
  readonly id: string;
  readonly title: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly unit: GroupDifference['unit'];
}

/** A number of which no interval is known. */
function PlainNumber({ id, title, a, b, unit }: PlainNumberProps): VNode {
  return (
    <tr data-row={id}>
      <td>{title}</td>
      <td class="n" data-label="A">
        {numberText(a, unit)}
      </td>
      <td class="n" data-label="B">
        {numberText(b, unit)}
      </td>
      <td class="n" data-label="B − A">
        {signedText(minus(b, a), unit)}
      </td>
      <td />
      <td />
    </tr>
  );
}

function Comparison({ view, sides }: { view: GroupsView; sides: { a: GroupSide; b: GroupSide } }): VNode {
  const { a, b } = sides;
  return (
    <Panel
      id="comparison"
      title="Comparison"
      sub="runs that ended in the time; the interval holds the difference with 95 % confidence (bootstrap)"
    >
      <Scroll label={{ headingId: 'comparison' }}>
        <table class="as-cards">
          <thead>
            <tr>
              <th scope="col">Number</th>
              <th scope="col" class="n">
                A: <RunsOf side={a} />
              </th>
              <th scope="col" class="n">
                B: <RunsOf side={b} />
              </th>
              <th scope="col" class="n">
                B − A
              </th>
              <th scope="col" class="n">
                Interval
              </th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            <PlainNumber id="runs" title="Runs" a={a.group.numbers.runs} b={b.group.numbers.runs} unit="1" />
            <PlainNumber
              id="cost"
              title="Cost"
              a={a.group.numbers.costNanoUsd}
              b={b.group.numbers.costNanoUsd}
              unit="nanoUsd"
            />
            {view.report?.numbers.map((number) => (
              <tr key={number.id} data-row={number.id}>
                <td>{number.title}</td>
                <td class="n" data-label="A">
                  {numberText(number.a, number.unit, [number.b])}
                </td>
                <td class="n" data-label="B">
                  {numberText(number.b, number.unit, [number.a])}
                </td>
                <td class="n" data-label="B − A">
                  {signedText(number.difference, number.unit)}
                </td>
                <td class="n soft" data-label="Interval">
                  {intervalText(number)}
                </td>
                <td class="wrap" data-label="Meaning">
                  <Meaning number={number} />
                </td>
              </tr>
            ))}
            <PlainNumber
              id="cache"
              title="Cache hits"
              a={a.group.numbers.cacheHitRatio}
              b={b.group.numbers.cacheHitRatio}
              unit="ratio"
            />
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function RunsOf({ side }: { side: GroupSide }): VNode {
  const { question } = side;
  const { stretch, asked, text } = question;
  const time = { from: new Date(stretch.from).toISOString(), to: new Date(stretch.to).toISOString() };
  return <a href={linkTo('/runs', { ...queryParamsOf(asked), ...time })}>{text}</a>;
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
  return (
    <Panel id="tools" title="Tool calls per run">
      <Scroll label={{ headingId: 'tools' }}>
        <table>
          <TableHead of={['Tool', { n: 'A' }, { n: 'B' }, { n: 'B − A' }]} />
          <tbody>
            {names.map((tool) => (
              <tr key={tool} data-row={tool}>
                <td>
                  <Name text={tool} href={thingPath('tool', tool)} />
                </td>
                <td class="n">{(a.get(tool) ?? 0).toFixed(2)}</td>
                <td class="n">{(b.get(tool) ?? 0).toFixed(2)}</td>
                <td class="n">{signedText((b.get(tool) ?? 0) - (a.get(tool) ?? 0), '1')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
