// Two runs side by side: what differs, in cost, time, tokens and what they called.

import type { VNode } from 'preact';
import { NO_DATA, formatCost, formatCount, formatDuration, formatTokens } from '../../../../core/format.ts';
import type { FieldKey } from '../../../../core/schema.ts';
import { compareText } from '../../../../core/text-order.ts';
import type { RunTree } from '../../../queries/runs/read-run.ts';
import { shortId } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { numberIn, textIn } from '../run/step-facts.ts';

export interface CompareView {
  readonly a: RunTree | undefined;
  readonly b: RunTree | undefined;
  readonly aText: string;
  readonly bText: string;
}

export function ComparePage({ view }: { view: CompareView }): VNode {
  return (
    <>
      <div class="head">
        <h1>Compare two runs</h1>
        <span class="grow" />
        <form class="filter" method="get" action="/compare">
          <label>
            Run
            <input name="a" value={view.aText} size={34} />
          </label>
          <label>
            with run
            <input name="b" value={view.bText} size={34} />
          </label>
          <button type="submit">Compare</button>
        </form>
      </div>
      {view.a === undefined || view.b === undefined ? (
        <div class="hello">
          {missing('first', view.aText, view.a)} {missing('second', view.bText, view.b)} The beginning of an
          id is enough; the <a href="/runs">list of runs</a> has them.
        </div>
      ) : (
        <CompareTable a={view.a} b={view.b} />
      )}
    </>
  );
}

function missing(which: string, text: string, run: RunTree | undefined): string {
  if (run !== undefined) return '';
  return text === '' ? `Give the id of the ${which} run.` : `There is no run ${text}.`;
}

interface Line {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly format: (value: number | null) => string;
}

function CompareTable({ a, b }: { a: RunTree; b: RunTree }): VNode {
  return (
    <Panel label="Comparison">
      <Scroll label="Table of the comparison">
        <table>
          <thead>
            <tr>
              <th scope="col" />
              {[a, b].map((run) => (
                <th key={run['agent.run_id']} scope="col" class="n">
                  <a class="mono" href={`/runs/${run['agent.run_id']}`}>
                    {shortId(run['agent.run_id'])}
                  </a>
                </th>
              ))}
              <th scope="col" class="n">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {(
              [
                ['agent.status', 'Status'],
                ['gen_ai.agent.name', 'Agent'],
                ['agent.version', 'Version'],
                ['user.id', 'User'],
                ['agent.task_type', 'Task'],
              ] as const
            ).map(([key, name]) => (
              <tr key={key}>
                <th scope="row">{name}</th>
                <td class="n">{a[key] ?? NO_DATA}</td>
                <td class="n">{b[key] ?? NO_DATA}</td>
                <td class="n soft">{a[key] === b[key] ? '' : 'differs'}</td>
              </tr>
            ))}
            {linesOf(a, b).map((line) => (
              <tr key={line.name}>
                <th scope="row">{line.name}</th>
                <td class="n">{line.format(line.a)}</td>
                <td class="n">{line.format(line.b)}</td>
                <td class="n">{difference(line)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function difference({ a, b, format }: Line): string {
  if (a === null || b === null) return NO_DATA;
  if (a === b) return '=';
  return `${b > a ? '+' : '−'}${format(Math.abs(b - a))}`;
}

function linesOf(a: RunTree, b: RunTree): Line[] {
  const line = (name: string, read: (run: RunTree) => number | null, format: Line['format']): Line => ({
    name,
    a: read(a),
    b: read(b),
    format,
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
    ...tools.map((name) =>
      line(`Context cost of ${name} (estimated)`, (run) => carriedBy(run, name), formatCost),
    ),
  ];
}

/** What the calls of a run paid for a tool; null where it is not known. */
function carriedBy(run: RunTree, tool: string): number | null {
  const rows = run.steps
    .flatMap((step) => step.tool_costs ?? [])
    .filter((row) => row['gen_ai.tool.name'] === tool);
  if (rows.length === 0) return null;
  return rows.reduce((sum, row) => sum + Number(row['cost_nano_usd'] ?? 0), 0);
}

function namesOf(a: RunTree, b: RunTree, kind: string, key: FieldKey): string[] {
  const names = [...a.steps, ...b.steps].flatMap((step) => (step.step === kind ? [textIn(step, key)] : []));
  return [...new Set(names)].filter((name) => name !== undefined).toSorted(compareText);
}

function countOf(run: RunTree, kind: string, key?: FieldKey, name?: string): number {
  return run.steps.filter((step) => step.step === kind && (key === undefined || textIn(step, key) === name))
    .length;
}

function sumOf(run: RunTree, key: FieldKey): number | null {
  const values = run.steps.map((step) => numberIn(step, key)).filter((value) => value !== undefined);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}
