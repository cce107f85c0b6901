// The steps of two runs side by side, where they first differ, and the prompt, tools and answers of one pair as a diff.

import type { VNode } from 'preact';
import { formatCost, formatCount, formatCountOf, formatDuration } from '../../../../core/text/format.ts';
import { diffTexts, isEqualDiff } from '../../../queries/runs/compare/diff-texts.ts';
import type { StepPair } from '../../../queries/runs/compare/align-steps.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import { linkTo, shortId } from '../../parts/cells.tsx';
import { ForeignText } from '../../parts/foreign-text.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { isFailedStep, numberIn, stepKey, stepName, textIn } from '../run/steps/step-facts.ts';
import type { CompareData, ComparedContent } from './compare-data.ts';

/** Equal pairs that stand before and after a difference. */
const AROUND = 2;
const ROWS_SHOWN = 300;
const LINES_SHOWN = 600;

type Row =
  { readonly index: number; readonly pair: StepPair } | { readonly skipped: number; readonly at: number };

export function CompareSteps({ data }: { data: CompareData }): VNode {
  const { pairs, first } = data;
  const rows = rowsOf(pairs);
  return (
    <Panel
      id="pairs"
      title="Steps side by side"
      sub={first === undefined ? 'both did the same steps with the same outcomes' : undefined}
    >
      {pairs.length === 0 ? (
        <div class="empty">Neither run has a model call or a tool call.</div>
      ) : (
        <Scroll label={{ headingId: 'pairs' }}>
          <table class="pairs">
            <thead>
              <tr>
                {[data.a, data.b].map((run, index) => (
                  <th key={index} scope="colgroup" colSpan={3}>
                    <span class="mono">{shortId(run?.['agent.run_id'] ?? '')}</span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_SHOWN).map((row) =>
                'pair' in row ? (
                  <PairRow
                    key={row.index}
                    data={data}
                    pair={row.pair}
                    index={row.index}
                    isFirst={row.index === first}
                  />
                ) : (
                  <tr key={`skip-${row.at}`} class="skipped">
                    <td colSpan={6}>{formatCountOf(row.skipped, 'equal step')}</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </Scroll>
      )}
      {rows.length > ROWS_SHOWN && (
        <div class="empty">
          {formatCount(rows.length - ROWS_SHOWN)} more rows differ too; these are the first.
        </div>
      )}
    </Panel>
  );
}

/** All pairs that differ and a few around them; of equal runs the first. */
function rowsOf(pairs: readonly StepPair[]): Row[] {
  const isNear = new Uint8Array(pairs.length);
  pairs.forEach((pair, index) => {
    if (!pair.isSame) isNear.fill(1, Math.max(0, index - AROUND), index + AROUND + 1);
  });
  if (!isNear.includes(1)) isNear.fill(1, 0, 2 * AROUND);
  const rows: Row[] = [];
  for (let index = 0; index < pairs.length; index++) {
    const at = index;
    while (index < pairs.length && isNear[index] === 0) index += 1;
    if (index > at) rows.push({ skipped: index - at, at });
    const pair = pairs[index];
    if (pair !== undefined) rows.push({ index, pair });
  }
  return rows;
}

function PairRow(props: { data: CompareData; pair: StepPair; index: number; isFirst: boolean }): VNode {
  const { data, pair, index, isFirst } = props;
  return (
    <tr id={isFirst ? 'first-difference' : undefined} class={pair.isSame ? undefined : 'differs'}>
      <SideCells
        data={data}
        step={pair.a}
        runId={data.a?.['agent.run_id'] ?? ''}
        index={index}
        isFirst={isFirst}
      />
      <SideCells
        data={data}
        step={pair.b}
        runId={data.b?.['agent.run_id'] ?? ''}
        index={index}
        isFirst={false}
      />
    </tr>
  );
}

interface SideProps {
  readonly data: CompareData;
  readonly step: RunStep | undefined;
  readonly runId: string;
  readonly index: number;
  readonly isFirst: boolean;
}

function SideCells({ data, step, runId, index, isFirst }: SideProps): VNode {
  const mark = isFirst && <span class="badge warn">first difference</span>;
  if (step === undefined)
    return (
      <td class="soft" colSpan={3}>
        no such step {mark}
      </td>
    );
  const key = stepKey(step);
  const number = step.step === 'model_call' ? numberIn(step, 'agent.step_number') : undefined;
  const error = isFailedStep(step) ? (textIn(step, 'error.type') ?? 'error') : undefined;
  return (
    <>
      <td class={step.step === 'model_call' ? 'what' : 'what indent d1'}>
        <i class={step.step === 'model_call' ? 'kind' : 'kind tool'} />
        {number !== undefined && <span class="soft">{number}. </span>}
        <a href={linkTo(`/runs/${encodeURIComponent(runId)}`, { step: key })}>
          <bdi>{stepName(step)}</bdi>
        </a>
        {error !== undefined && <span class="why">failed: {error}</span>}
        {mark}
        {step.step === 'model_call' && (
          <span class="hint">
            <a href={`${linkTo('/compare', { a: data.aText, b: data.bText, pair: index })}#content`}>
              compare content
            </a>
          </span>
        )}
      </td>
      <td class="n">{formatDuration(numberIn(step, 'duration_ms') ?? null)}</td>
      <td class="n">
        {step.step === 'model_call' ? formatCost(numberIn(step, 'cost_nano_usd') ?? null) : ''}
      </td>
    </>
  );
}

const PARTS = [
  ['system', 'System prompt'],
  ['tools', 'Tool definitions'],
  ['messages', 'Messages'],
  ['answer', 'Answer'],
] as const;

export function CompareContent({ content, data }: { content: ComparedContent; data: CompareData }): VNode {
  const { a, b, fault } = content;
  const step = data.pairs[content.pair]?.a ?? data.pairs[content.pair]?.b;
  const number = step === undefined ? undefined : numberIn(step, 'agent.step_number');
  return (
    <Panel
      id="content"
      title="Prompt, tools and messages"
      sub={`of model call ${number ?? content.pair + 1}; what only the first run has is marked −, what only the second has +`}
    >
      <div class="diff">
        {fault !== undefined ? (
          <p class="why">{fault}</p>
        ) : a === undefined || b === undefined ? (
          <p class="empty-line">
            {a === undefined && b === undefined
              ? 'Neither run has recorded content here.'
              : `The ${a === undefined ? 'first' : 'second'} run has no recorded content here.`}{' '}
            Start the agent with <code>TALLYSPAN_CONTENT=full</code> to compare what was sent.
          </p>
        ) : (
          PARTS.map(([part, name]) => <Diff key={part} name={name} a={a[part]} b={b[part]} />)
        )}
      </div>
    </Panel>
  );
}

function Diff({ name, a, b }: { name: string; a: string; b: string }): VNode {
  const lines = a === b ? [] : diffTexts(a, b);
  return (
    <section aria-label={name}>
      <h3>
        {name} {a === b && <span class="badge ok">{a === '' ? 'none in both' : 'the same'}</span>}
      </h3>
      {lines === undefined ? (
        <p class="empty-line">They differ and are too long, or too different, to be compared by lines.</p>
      ) : (
        lines.length > 0 && (
          <pre class="lines" tabIndex={0} aria-label={`Differences of ${name}`}>
            {lines.slice(0, LINES_SHOWN).map(({ kind, text }, index) => {
              const mark = { same: '  ', gone: '− ', new: '+ ', gap: '  … ' }[kind];
              const Line = kind === 'gone' ? 'del' : kind === 'new' ? 'ins' : 'span';
              return (
                <Line key={index} class={kind}>
                  {mark}
                  <ForeignText text={text} most={4000} />
                  {'\n'}
                </Line>
              );
            })}
          </pre>
        )
      )}
      {lines !== undefined && lines.length > LINES_SHOWN && (
        <p class="hint">{formatCount(lines.length - LINES_SHOWN)} more lines.</p>
      )}
      {lines !== undefined && lines.length > 0 && isEqualDiff(lines) && (
        <p class="hint">Only white space differs.</p>
      )}
    </section>
  );
}
