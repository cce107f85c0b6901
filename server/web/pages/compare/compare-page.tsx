// Two runs side by side: what differs, in cost, time, tokens and what they called.

import type { VNode } from 'preact';
import { usdOf } from '../../../../core/money.ts';
import { ownerName } from '../../../../core/attribution/owner-names.ts';
import {
  NO_DATA,
  formatCost,
  formatCount,
  formatDuration,
  formatTokens,
} from '../../../../core/text/format.ts';
import type { FieldKey } from '../../../../core/schema.ts';
import { compareText } from '../../../../core/text/text-order.ts';
import type { RunOutline } from '../../../queries/runs/read-run-outline.ts';
import type { CompareData } from './compare-data.ts';
import { CompareContent, CompareSteps } from './compare-steps.tsx';
import { shortId } from '../../parts/cells.tsx';
import { fileColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { SheetValue } from '../../sheet.ts';
import { numberIn, textIn } from '../run/steps/step-facts.ts';

export function ComparePage({ data }: { data: CompareData }): VNode {
  const { a, b } = data;
  return (
    <>
      <div class="head">
        <h1>Compare two runs</h1>
        <span class="grow" />
        <form class="filter" method="get" action="/compare">
          <label>
            Run
            <input name="a" value={data.aText} size={34} />
          </label>
          <label>
            with run
            <input name="b" value={data.bText} size={34} />
          </label>
          <button type="submit">Compare</button>
        </form>
      </div>
      {a === undefined || b === undefined ? (
        <div class="hello">{missing(data)}</div>
      ) : (
        <>
          {data.isMedian && (
            <p class="soft">
              <span class="mono">{shortId(b['agent.run_id'])}</span> is the median run of{' '}
              <bdi>{a['gen_ai.agent.name'] ?? 'the same service'}</bdi> by cost, of those that ended well in
              the 7 days before.
            </p>
          )}
          <CompareTable a={a} b={b} />
          <CompareSteps data={data} />
          {data.content !== undefined && <CompareContent content={data.content} data={data} />}
        </>
      )}
    </>
  );
}

function missing({ a, b, aText, bText, isMedian }: CompareData): VNode {
  const lines = [
    a !== undefined ? '' : aText === '' ? 'Give the id of the first run.' : `There is no run ${aText}.`,
    b !== undefined
      ? ''
      : isMedian
        ? 'Its agent has no other run that ended well in the 7 days before.'
        : bText === ''
          ? 'Give the id of the second run.'
          : `There is no run ${bText}.`,
  ];
  return (
    <>
      {lines.filter((line) => line !== '').join(' ')} The beginning of an id is enough, and{' '}
      <code>median</code> stands for the median run of the same agent. In the <a href="/runs">list of runs</a>{' '}
      two can be chosen.
    </>
  );
}

interface Line {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly format: (value: number | null) => string;
  /** What it is in a file in. */
  readonly file: 'usd' | 'ms' | 'count';
}

const COMPARED_TEXTS = [
  ['agent.status', 'Status'],
  ['gen_ai.agent.name', 'Agent'],
  ['agent.version', 'Version'],
  ['user.id', 'User'],
  ['agent.task_type', 'Task'],
] as const;

/** A row of the comparison: what both runs are, or what both come to. */
interface ComparedRow {
  readonly name: string;
  readonly a: SheetValue;
  readonly b: SheetValue;
  readonly line?: Line;
}

function sideColumn(side: 'a' | 'b', run: RunOutline): DataColumn<ComparedRow> {
  const id = run['agent.run_id'];
  return {
    id: side === 'a' ? `a_${shortId(id)}` : `b_${shortId(id)}`,
    title: (
      <a class="mono" href={`/runs/${encodeURIComponent(id)}`}>
        {shortId(id)}
      </a>
    ),
    isNumber: true,
    value: (row) => row[side],
    cell: (row) => (row.line === undefined ? (row[side] ?? NO_DATA) : row.line.format(row.line[side])),
  };
}

function CompareTable({ a, b }: { a: RunOutline; b: RunOutline }): VNode {
  const rows: readonly ComparedRow[] = [
    ...COMPARED_TEXTS.map(([key, name]) => ({ name, a: a[key], b: b[key] })),
    ...linesOf(a, b).map((line) => ({
      name: line.name,
      a: line.file === 'usd' ? usdOf(line.a) : line.a,
      b: line.file === 'usd' ? usdOf(line.b) : line.b,
      line,
    })),
  ];
  const columns: readonly DataColumn<ComparedRow>[] = [
    {
      id: 'what',
      title: <span class="unseen">What</span>,
      value: ({ name }) => name,
      cell: ({ name }) => <strong>{name}</strong>,
    },
    fileColumn('unit', ({ line }) => line?.file ?? 'text'),
    sideColumn('a', a),
    sideColumn('b', b),
    {
      id: 'difference',
      title: 'Difference',
      isNumber: true,
      value: (row) =>
        typeof row.a === 'number' && typeof row.b === 'number'
          ? row.b - row.a
          : row.a === row.b
            ? null
            : 'differs',
      cell: (row) =>
        row.line === undefined ? (
          <span class="soft">{row.a === row.b ? '' : 'differs'}</span>
        ) : (
          difference(row.line)
        ),
    },
  ];
  return (
    <Panel label="Comparison">
      <DataTable
        id="comparison"
        name="comparison"
        label="Table of the comparison"
        isOrdered
        rows={rows}
        keyOf={({ name }) => name}
        columns={columns}
      />
    </Panel>
  );
}

function difference({ a, b, format }: Line): string {
  if (a === null || b === null) return NO_DATA;
  if (a === b) return '=';
  return `${b > a ? '+' : '−'}${format(Math.abs(b - a))}`;
}

function linesOf(a: RunOutline, b: RunOutline): Line[] {
  const line = (name: string, read: (run: RunOutline) => number | null, format: Line['format']): Line => ({
    name,
    a: read(a),
    b: read(b),
    format,
    file: format === formatCost ? 'usd' : format === formatDuration ? 'ms' : 'count',
  });
  const tokens = (name: string, key: FieldKey): Line => line(name, (run) => sumOf(run, key), formatTokens);
  const models = namesOf(a, b, 'model_call', 'gen_ai.response.model');
  const tools = namesOf(a, b, 'tool_call', 'gen_ai.tool.name');
  return [
    line('Cost', (run) => run['agent.cost_nano_usd'], formatCost),
    line('Time', (run) => run.duration_ms, formatDuration),
    line('Model calls', (run) => countOf(run, 'model_call'), formatCount),
    line('Tool calls', (run) => countOf(run, 'tool_call'), formatCount),
    tokens('Tokens, uncached input', 'tokens_input'),
    tokens('Tokens, cache read', 'tokens_cache_read'),
    tokens('Tokens, cache written (5 min)', 'tokens_cache_write_5m'),
    tokens('Tokens, cache written (1 h)', 'tokens_cache_write_1h'),
    tokens('Tokens, output', 'tokens_output'),
    ...models.map((name) =>
      line(
        `Calls of ${name}`,
        (run) => countOf(run, 'model_call', 'gen_ai.response.model', name),
        formatCount,
      ),
    ),
    ...tools.map((name) =>
      line(`Calls of ${name}`, (run) => countOf(run, 'tool_call', 'gen_ai.tool.name', name), formatCount),
    ),
    line(
      'Failed tool calls',
      (run) => run.steps.filter((step) => step['tool.ok'] === false).length,
      formatCount,
    ),
    ...ownersOf(a, b).map((owner) =>
      line(`Context cost of ${ownerName(owner)} (estimated)`, (run) => contextCostOf(run, owner), formatCost),
    ),
  ];
}

/** What the calls of a run paid for a tool or a part of the prompt; 0 where it had no such part, null where it is not known. */
function contextCostOf(run: RunOutline, owner: string): number | null {
  if (run.context_costs.length === 0) return null;
  return run.context_costs.find((cost) => cost.owner === owner)?.costNanoUsd ?? 0;
}

function ownersOf(...runs: readonly RunOutline[]): string[] {
  return [...new Set(runs.flatMap((run) => run.context_costs.map(({ owner }) => owner)))].toSorted(
    compareText,
  );
}

function namesOf(a: RunOutline, b: RunOutline, kind: string, key: FieldKey): string[] {
  const names = [...a.steps, ...b.steps].flatMap((step) => (step.step === kind ? [textIn(step, key)] : []));
  return [...new Set(names)].filter((name) => name !== undefined).toSorted(compareText);
}

function countOf(run: RunOutline, kind: string, key?: FieldKey, name?: string): number {
  return run.steps.filter((step) => step.step === kind && (key === undefined || textIn(step, key) === name))
    .length;
}

function sumOf(run: RunOutline, key: FieldKey): number | null {
  const values = run.steps.map((step) => numberIn(step, key)).filter((value) => value !== undefined);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}
