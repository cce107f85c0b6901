// The steps of a run as a tree with a waterfall. A failed tool call and the model call that read its result point at
// each other; a nested run stands below the tool call that started it; repeated steps stand as one row.

import type { ComponentChildren, VNode } from 'preact';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
} from '../../../../core/format.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import { StatusBadge, shortId } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import type { CriticalPath } from './critical-path.ts';
import { ROWS_PER_PAGE, type OutlineRow } from './outline-rows.ts';
import { runLink } from './run-address.ts';
import { RunFailedSteps } from './run-failed-steps.tsx';
import type { RunView } from './run-page.tsx';
import { RunFilter } from './run-filter.tsx';
import { StepRemarks } from './step-remarks.tsx';
import {
  contextCostNanoUsd,
  endOffsetMs,
  isFailedStep,
  numberIn,
  stepAnchor,
  stepKey,
  stepName,
  textIn,
  toolNamesBySpan,
} from './step-facts.ts';
import { Axis, TimeLine, stretchOf, type Stretch } from './time-line.tsx';
import { Waterfall } from './waterfall.tsx';

const INDENT_LEVELS = 8;

export function RunSteps({
  view,
  lengthMs,
  path,
}: {
  view: RunView;
  lengthMs: number;
  path: CriticalPath;
}): VNode {
  const { outline, page, stepsByRun } = view.data;
  const stretch = stretchOf(view, lengthMs);
  const tools = toolNamesBySpan([outline.steps, ...stepsByRun.values()].flat());
  return (
    <Panel
      id="steps"
      title="Steps"
      legend={
        <>
          <span>
            <i class="kind" />
            model call (pale: until the first chunk)
          </span>
          <span>
            <i class="kind tool" />
            tool call
          </span>
          <span>
            <i class="kind note" />
            note
          </span>
          <span>
            <i class="kind critical" />
            critical path
          </span>
        </>
      }
    >
      <RunFailedSteps view={view} />
      {outline.steps.length === 0 && outline.nested.length === 0 ? (
        <div class="empty">Nothing but the start of this run has arrived.</div>
      ) : (
        <>
          <TimeLine view={view} lengthMs={lengthMs} path={path} />
          <RunFilter view={view} />
          {page.total === 0 ? (
            <div class="empty">No step matches.</div>
          ) : (
            <Scroll label={{ headingId: 'steps' }}>
              <StepTable view={view} stretch={stretch} path={path} tools={tools} />
            </Scroll>
          )}
          <StepPager view={view} />
        </>
      )}
    </Panel>
  );
}

interface TableProps {
  readonly view: RunView;
  readonly stretch: Stretch;
  readonly path: CriticalPath;
  readonly tools: ReadonlyMap<string, string>;
}

function StepTable({ view, stretch, path, tools }: TableProps): VNode {
  return (
    <table class={view.data.shown === undefined ? 'steps' : 'steps narrow'}>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col" aria-label="Time line">
            <Axis {...stretch} />
          </th>
          <th scope="col" class="n">
            Time
          </th>
          <th scope="col" class="n x" title="Uncached input tokens">
            In
          </th>
          <th scope="col" class="n x" title="Tokens read from the cache">
            Cache read
          </th>
          <th scope="col" class="n x" title="Tokens written to the cache, both lifetimes">
            written
          </th>
          <th scope="col" class="n x" title="Output tokens, thinking included">
            Out
          </th>
          <th scope="col" class="n" title="Cost of this step">
            Cost
          </th>
          <th
            scope="col"
            class="n x"
            title="Share of this step's cost that kept calls and results of tools in the context (estimated)"
          >
            Context
          </th>
          <th scope="col" class="n x" title="Cost of the run up to here">
            So far
          </th>
        </tr>
      </thead>
      <tbody>
        {view.data.page.rows.map((row, index) => {
          if (row.kind === 'group') return <GroupRow key={row.key} view={view} row={row} stretch={stretch} />;
          if (row.kind === 'run')
            return <NestedRow key={row.run['agent.run_id']} view={view} row={row} stretch={stretch} />;
          return (
            <StepRow
              key={stepKey(row.step) ?? index}
              view={view}
              row={row}
              stretch={stretch}
              isCritical={path.steps.has(row.step)}
              tools={tools}
            />
          );
        })}
      </tbody>
    </table>
  );
}

function indentOf(depth: number): string | undefined {
  return depth === 0 ? undefined : `indent d${Math.min(depth, INDENT_LEVELS)}`;
}

interface StepProps {
  readonly view: RunView;
  readonly row: OutlineRow & { readonly kind: 'step' };
  readonly stretch: Stretch;
  readonly isCritical: boolean;
  readonly tools: ReadonlyMap<string, string>;
}

function StepRow({ view, row, stretch, isCritical, tools }: StepProps): VNode {
  const { step, depth, parallel } = row;
  const key = stepKey(step);
  const looks = [
    isFailedStep(step) ? 'failed' : step.reads_failed === undefined ? '' : 'reader',
    key !== undefined && key === view.address.step ? 'chosen' : '',
  ].filter((look) => look !== '');
  const isCall = step.step === 'model_call';
  const written =
    (numberIn(step, 'tokens_cache_write_5m') ?? 0) + (numberIn(step, 'tokens_cache_write_1h') ?? 0);
  const tokens = (value: number | undefined): string => (isCall ? formatTokens(value ?? null) : '');
  return (
    <tr id={stepAnchor(step)} class={looks.length === 0 ? undefined : looks.join(' ')}>
      <td class={['what', indentOf(depth)].filter(Boolean).join(' ')}>
        <i class={`kind ${step.step === 'model_call' ? '' : step.step === 'tool_call' ? 'tool' : 'note'}`} />
        <StepName view={view} step={step} />
        {parallel > 1 && <span class="badge">{`parallel ×${parallel}`}</span>}
        <StepRemarks step={step} tools={tools} />
      </td>
      <td class="line">
        <Waterfall
          look={
            isFailedStep(step)
              ? 'bad'
              : step.step === 'model_call'
                ? 'model'
                : step.step === 'tool_call'
                  ? 'tool'
                  : 'note'
          }
          offsetMs={step.offset_ms}
          durationMs={numberIn(step, 'duration_ms') ?? 0}
          ttftMs={numberIn(step, 'ttft_ms')}
          isCritical={isCritical}
          stretch={stretch}
        />
      </td>
      <td class="n">{step.step === 'note' ? '' : formatDuration(numberIn(step, 'duration_ms') ?? null)}</td>
      <td class="n x">{tokens(numberIn(step, 'tokens_input'))}</td>
      <td class="n x">{tokens(numberIn(step, 'tokens_cache_read'))}</td>
      <td class="n x">
        {tokens(isCall && numberIn(step, 'tokens_input') === undefined ? undefined : written)}
      </td>
      <td class="n x">{tokens(numberIn(step, 'tokens_output'))}</td>
      <td class="n">{isCall ? <StepCost step={step} /> : ''}</td>
      <td class="n x">{isCall ? formatCost(contextCostNanoUsd(step)) : ''}</td>
      <td class="n x">{isCall ? formatCost(step.total_cost_nano_usd) : ''}</td>
    </tr>
  );
}

function StepName({ view, step }: { view: RunView; step: RunStep }): VNode {
  const key = stepKey(step);
  const number = step.step === 'model_call' ? numberIn(step, 'agent.step_number') : undefined;
  const name = (
    <strong>
      <bdi>{stepName(step)}</bdi>
    </strong>
  );
  return (
    <span>
      {number !== undefined && <span class="soft">{number}. </span>}
      {key === undefined ? (
        name
      ) : (
        <a
          class="step"
          data-step={key}
          href={runLink(view.data.outline['agent.run_id'], view.address, { step: key, offset: undefined })}
        >
          {name}
        </a>
      )}
    </span>
  );
}

function StepCost({ step }: { step: RunStep }): VNode {
  const status = textIn(step, 'tallyspan.cost.status');
  const reason = textIn(step, 'tallyspan.cost.unpriced_reason');
  if (step['tallyspan.duplicate'] === true) return <span class="soft">counted before</span>;
  return (
    <span>
      {formatCost(numberIn(step, 'cost_nano_usd') ?? null)}
      {status !== undefined && status !== 'priced' && (
        <span class="hint">{reason === undefined ? status : `${status}: ${reason}`}</span>
      )}
    </span>
  );
}

/** Steps that repeat, in one row. */
function GroupRow({
  view,
  row,
  stretch,
}: {
  view: RunView;
  row: OutlineRow & { readonly kind: 'group' };
  stretch: Stretch;
}): VNode {
  const { steps } = row;
  const calls = steps.filter((step) => step.step === 'model_call');
  const tools = steps.length - calls.length;
  const fromMs = Math.min(...steps.map((step) => step.offset_ms));
  const toMs = Math.max(...steps.map(endOffsetMs));
  const cost = calls.reduce((sum, step) => sum + (numberIn(step, 'cost_nano_usd') ?? 0), 0);
  const tokens = (key: 'tokens_input' | 'tokens_cache_read' | 'tokens_output'): string =>
    calls.length === 0 ? '' : formatTokens(calls.reduce((sum, step) => sum + (numberIn(step, key) ?? 0), 0));
  return (
    <tr class="group">
      <td class={['what', indentOf(row.depth)].filter(Boolean).join(' ')}>
        <i class="kind tool" />
        <a
          data-part
          href={runLink(view.data.outline['agent.run_id'], view.address, {
            expand: row.key,
            offset: view.data.page.offset,
          })}
          title="List them one by one"
        >
          <strong>
            ▸ <bdi>{row.name}</bdi> × {formatCount(tools)}
          </strong>
        </a>
        <span class="hint">
          {calls.length === 0
            ? 'in one turn'
            : `in ${formatCountOf(calls.length, 'model call')} that each did the same`}
        </span>
      </td>
      <td class="line">
        <Waterfall look="tool" offsetMs={fromMs} durationMs={toMs - fromMs} stretch={stretch} />
      </td>
      <td class="n">{formatDuration(toMs - fromMs)}</td>
      <td class="n x">{tokens('tokens_input')}</td>
      <td class="n x">{tokens('tokens_cache_read')}</td>
      <td class="n x" />
      <td class="n x">{tokens('tokens_output')}</td>
      <td class="n">{calls.length === 0 ? '' : formatCost(cost)}</td>
      <td class="n x" />
      <td class="n x">{calls.length === 0 ? '' : formatCost(calls.at(-1)?.total_cost_nano_usd)}</td>
    </tr>
  );
}

/** A nested run, folded or with its steps below. */
function NestedRow({
  view,
  row,
  stretch,
}: {
  view: RunView;
  row: OutlineRow & { readonly kind: 'run' };
  stretch: Stretch;
}): VNode {
  const { run, isOpen } = row;
  const { address, data } = view;
  const id = run['agent.run_id'];
  const open = isOpen ? address.open.filter((one) => one !== id) : [...address.open, id];
  const offsetMs = Date.parse(run.started_at) - Date.parse(data.outline.started_at);
  const durationMs = run.duration_ms ?? Math.max(0, view.now - Date.parse(run.started_at));
  const isFailed = !['ok', 'running'].includes(run['agent.status']);
  const counts: ComponentChildren[] = [
    formatCountOf(run['agent.turns'] ?? 0, 'model call'),
    formatCountOf(run['agent.tool_calls'] ?? 0, 'tool call'),
    ...(row.nested > 0 ? [formatCountOf(row.nested, 'nested run')] : []),
  ];
  return (
    <tr id={`r-${id}`} class={isFailed ? 'nested failed' : 'nested'} data-run={id}>
      <td class={['what', indentOf(row.depth)].filter(Boolean).join(' ')}>
        <a
          data-part
          aria-expanded={isOpen}
          href={runLink(data.outline['agent.run_id'], address, { open, offset: data.page.offset })}
        >
          <strong>
            {isOpen ? '▾' : '▸'} Run <bdi>{run['gen_ai.agent.name'] ?? shortId(id)}</bdi>
          </strong>
        </a>
        <StatusBadge status={run['agent.status']} />
        <span class="hint">
          {counts.join(' · ')} ·{' '}
          <a class="mono" href={`/runs/${encodeURIComponent(id)}`}>
            {shortId(id)}
          </a>
        </span>
        {run['error.type'] !== null && <span class="why">failed: {run['error.type']}</span>}
      </td>
      <td class="line">
        <Waterfall
          look={isFailed ? 'bad' : 'run'}
          offsetMs={offsetMs}
          durationMs={durationMs}
          stretch={stretch}
        />
      </td>
      <td class="n">{formatDuration(run.duration_ms)}</td>
      <td class="n x">{formatTokens(run['agent.tokens_in'])}</td>
      <td class="n x" />
      <td class="n x" />
      <td class="n x">{formatTokens(run['agent.tokens_out'])}</td>
      <td class="n">{formatCost(run['agent.cost_nano_usd'])}</td>
      <td class="n x" />
      <td class="n x" />
    </tr>
  );
}

function StepPager({ view }: { view: RunView }): VNode | null {
  const { page, outline } = view.data;
  const { offset, total, rows } = page;
  if (total <= ROWS_PER_PAGE) return null;
  const at = (next: number): string =>
    runLink(outline['agent.run_id'], view.address, { offset: Math.max(0, next) });
  return (
    <nav class="pager" aria-label="Pages of steps">
      <span class="soft">
        {formatCount(offset + 1)}–{formatCount(offset + rows.length)} of {formatCount(total)}
      </span>
      {offset > 0 && (
        <a class="button" data-part href={at(offset - ROWS_PER_PAGE)}>
          ← Before
        </a>
      )}
      {offset + rows.length < total && (
        <a class="button" data-part rel="next" href={at(offset + ROWS_PER_PAGE)}>
          Next →
        </a>
      )}
    </nav>
  );
}
