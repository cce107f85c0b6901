// Two groups of runs beside each other: what each is, how they differ, whether that is more than chance, and what the
// difference in cost is made of.

import type { VNode } from 'preact';
import {
  NO_DATA,
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTokens,
} from '../../../../core/text/format.ts';
import type { DiagnosisReport } from '../../../queries/diagnosis/read-diagnosis.ts';
import type { ConfidenceInterval, Statistic } from '../../../queries/groups/group-stats.ts';
import type { Group } from '../../../queries/groups/read-group.ts';
import type { GroupQuestion } from '../../../questions/group-question.ts';
import type { Stretch } from '../../../questions/stretch.ts';
import { thingPath } from '../../../thing-path.ts';
import { Name, linkTo } from '../../parts/cells.tsx';
import { CostBridge } from '../../parts/chart/cost-bridge.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { TimePicker } from '../../parts/time-picker.tsx';
import { queryParamsOf } from '../../runs-address.ts';

export interface GroupSide {
  readonly question: GroupQuestion;
  readonly group: Group;
}

export interface GroupsView {
  readonly aText: string;
  readonly bText: string;
  /** Undefined until both are written. */
  readonly sides: { readonly a: GroupSide; readonly b: GroupSide } | undefined;
  readonly intervals: Readonly<Record<Statistic, ConfidenceInterval | null>> | undefined;
  /** What b costs against a, as if a had as many runs; undefined where it cannot be split. */
  readonly split: DiagnosisReport | undefined;
  readonly suggestions: readonly { readonly title: string; readonly a: string; readonly b: string }[];
  readonly stretch: Stretch;
  readonly zone: string;
}

export const GROUPS_PATH = '/compare/groups';
export const GROUPS_TIME = '7d';

type Format = 'cost' | 'ratio' | 'ms' | 'count' | 'tokens';

const LINES: readonly {
  readonly title: string;
  readonly statistic: Statistic;
  readonly format: Format;
  /** Which direction is good. */
  readonly better: 'up' | 'down' | 'neither';
}[] = [
  { title: 'Success', statistic: 'success_rate', format: 'ratio', better: 'up' },
  { title: 'Cost per run', statistic: 'cost_per_run', format: 'cost', better: 'down' },
  { title: 'Cost per successful run', statistic: 'cost_per_success', format: 'cost', better: 'down' },
  { title: 'Time of a run, p50', statistic: 'duration_p50', format: 'ms', better: 'down' },
  { title: 'Time of a run, p95', statistic: 'duration_p95', format: 'ms', better: 'down' },
  { title: 'Turns per run', statistic: 'turns_per_run', format: 'count', better: 'neither' },
  { title: 'Tool calls per run', statistic: 'tool_calls_per_run', format: 'count', better: 'neither' },
  { title: 'Tokens in per run', statistic: 'tokens_in_per_run', format: 'tokens', better: 'neither' },
  { title: 'Tokens out per run', statistic: 'tokens_out_per_run', format: 'tokens', better: 'neither' },
];

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

function Comparison({ view, sides }: { view: GroupsView; sides: { a: GroupSide; b: GroupSide } }): VNode {
  const { a, b } = sides;
  return (
    <Panel
      id="comparison"
      title="Comparison"
      sub="runs that ended in the time; the interval holds the difference with 95 % confidence (bootstrap)"
    >
      <Scroll label={{ headingId: 'comparison' }}>
        <table>
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
            <tr data-row="runs">
              <td>Runs</td>
              <td class="n">{formatCount(a.group.numbers.runs)}</td>
              <td class="n">{formatCount(b.group.numbers.runs)}</td>
              <td class="n">{signedText(b.group.numbers.runs - a.group.numbers.runs, 'count')}</td>
              <td />
              <td />
            </tr>
            <tr data-row="cost">
              <td>Cost</td>
              <td class="n">{formatCost(a.group.numbers.costNanoUsd)}</td>
              <td class="n">{formatCost(b.group.numbers.costNanoUsd)}</td>
              <td class="n">
                {difference(a.group.numbers.costNanoUsd, b.group.numbers.costNanoUsd, 'cost')}
              </td>
              <td />
              <td />
            </tr>
            {LINES.map(({ title, statistic, format, better }) => {
              const [valueA, valueB] = [
                a.group.numbers.statistics[statistic],
                b.group.numbers.statistics[statistic],
              ];
              const interval = view.intervals?.[statistic] ?? null;
              return (
                <tr key={statistic} data-row={statistic}>
                  <td>{title}</td>
                  <td class="n">{formatted(valueA, format)}</td>
                  <td class="n">{formatted(valueB, format)}</td>
                  <td class="n">{difference(valueA, valueB, format)}</td>
                  <td class="n soft">
                    {interval === null
                      ? NO_DATA
                      : `${signedText(interval.low, format)} … ${signedText(interval.high, format)}`}
                  </td>
                  <td>
                    <Meaning interval={interval} better={better} />
                  </td>
                </tr>
              );
            })}
            <tr data-row="cache">
              <td>Cache hits</td>
              <td class="n">{formatPercent(a.group.numbers.cacheHitRatio)}</td>
              <td class="n">{formatPercent(b.group.numbers.cacheHitRatio)}</td>
              <td class="n">
                {difference(a.group.numbers.cacheHitRatio, b.group.numbers.cacheHitRatio, 'ratio')}
              </td>
              <td />
              <td />
            </tr>
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

function Meaning({
  interval,
  better,
}: {
  interval: ConfidenceInterval | null;
  better: 'up' | 'down' | 'neither';
}): VNode {
  if (interval === null) return <span class="soft">too few runs to say</span>;
  if (interval.low <= 0 && interval.high >= 0) return <span class="soft">may be chance</span>;
  const isUp = interval.low > 0;
  if (better === 'neither') return <span>{isUp ? 'more' : 'less'}</span>;
  const isBetter = isUp === (better === 'up');
  return <span class={isBetter ? 'better' : 'worse'}>{isBetter ? 'better' : 'worse'}</span>;
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
              name: `${part.part.replaceAll('_', ' ')}${part.detail === null ? '' : `: ${part.detail}`}`,
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
          <thead>
            <tr>
              <th scope="col">Tool</th>
              <th scope="col" class="n">
                A
              </th>
              <th scope="col" class="n">
                B
              </th>
              <th scope="col" class="n">
                B − A
              </th>
            </tr>
          </thead>
          <tbody>
            {names.map((tool) => (
              <tr key={tool} data-row={tool}>
                <td>
                  <Name text={tool} href={thingPath('tool', tool)} />
                </td>
                <td class="n">{(a.get(tool) ?? 0).toFixed(2)}</td>
                <td class="n">{(b.get(tool) ?? 0).toFixed(2)}</td>
                <td class="n">{signedText((b.get(tool) ?? 0) - (a.get(tool) ?? 0), 'count')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function difference(a: number | null, b: number | null, format: Format): string {
  return a === null || b === null ? NO_DATA : signedText(b - a, format);
}

function signedText(value: number, format: Format): string {
  if (value === 0) return '=';
  const size = Math.abs(value);
  const text = format === 'ratio' ? `${(size * 100).toFixed(1)} points` : formatted(size, format);
  return `${value > 0 ? '+' : '−'}${text}`;
}

function formatted(value: number | null, format: Format): string {
  if (value === null) return NO_DATA;
  switch (format) {
    case 'cost':
      return formatCost(Math.round(value));
    case 'ratio':
      return formatPercent(value);
    case 'ms':
      return formatDuration(value);
    case 'tokens':
      return formatTokens(Math.round(value));
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : value.toFixed(2);
  }
}
