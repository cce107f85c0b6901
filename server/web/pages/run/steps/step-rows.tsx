// Rows of the list of steps: a step, steps that repeat in one row, and a nested run, folded or with its steps below.

import type { VNode } from 'preact';
import {
  formatCost,
  formatCount,
  formatCountOf,
  formatDuration,
  formatTokens,
} from '../../../../../core/text/format.ts';
import type { RunStep } from '../../../../queries/runs/read-run.ts';
import { Money, StatusBadge, shortId } from '../../../parts/cells.tsx';
import type { OutlineRow } from '../outline-rows.ts';
import { runLink, stepLink } from '../run-address.ts';
import type { RunView } from '../run-view.ts';
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
} from './step-facts.ts';
import type { RunStretch } from '../time-line.tsx';
import { Waterfall } from '../waterfall.tsx';

/** Deeper ones stand no further to the right. */
const INDENT_LEVELS = 8;

function indentOf(depth: number): string | undefined {
  return depth === 0 ? undefined : `indent d${Math.min(depth, INDENT_LEVELS)}`;
}

interface StepProps {
  readonly view: RunView;
  readonly row: OutlineRow & { readonly kind: 'step' };
  readonly stretch: RunStretch;
  readonly isCritical: boolean;
  readonly tools: ReadonlyMap<string, string>;
}

export function StepRow({ view, row, stretch, isCritical, tools }: StepProps): VNode {
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
      <td class="n x">{isCall ? <Money of={contextCostNanoUsd(step)} /> : ''}</td>
      <td class="n x">{isCall ? <Money of={step.total_cost_nano_usd} /> : ''}</td>
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
        <a class="step" data-step={key} href={stepLink(view.data.outline['agent.run_id'], view.address, key)}>
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
export function GroupRow({
  view,
  row,
  stretch,
}: {
  view: RunView;
  row: OutlineRow & { readonly kind: 'group' };
  stretch: RunStretch;
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
      <td class="n">{calls.length === 0 ? '' : <Money of={cost} />}</td>
      <td class="n x" />
      <td class="n x">{calls.length === 0 ? '' : <Money of={calls.at(-1)?.total_cost_nano_usd} />}</td>
    </tr>
  );
}

/** A nested run, folded or with its steps below. */
export function NestedRow({
  view,
  row,
  stretch,
}: {
  view: RunView;
  row: OutlineRow & { readonly kind: 'run' };
  stretch: RunStretch;
}): VNode {
  const { run, isOpen } = row;
  const { address, data } = view;
  const id = run['agent.run_id'];
  const open = isOpen ? address.open.filter((one) => one !== id) : [...address.open, id];
  const offsetMs = Date.parse(run.started_at) - Date.parse(data.outline.started_at);
  const durationMs = run.duration_ms ?? Math.max(0, view.now - Date.parse(run.started_at));
  const isFailed = !['ok', 'running'].includes(run['agent.status']);
  const counts = [
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
      <td class="n">
        <Money of={run['agent.cost_nano_usd']} />
      </td>
      <td class="n x" />
      <td class="n x" />
    </tr>
  );
}
