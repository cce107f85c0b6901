// The steps of a run as a tree with a waterfall. A failed tool call and the model call that read its result point at
// each other.

import type { VNode } from 'preact';
import { formatCost, formatDuration, formatTokens } from '../../../../core/format.ts';
import type { RunStep, RunTree } from '../../../queries/runs/read-run.ts';
import { Panel, Scroll } from '../../parts/panel.tsx';
import {
  carriedNanoUsd,
  isFailedStep,
  numberIn,
  stepAnchor,
  textIn,
  textsIn,
  toolNamesBySpan,
} from './step-facts.ts';
import { RunFailedSteps } from './run-failed-steps.tsx';
import { Waterfall } from './waterfall.tsx';

/** Failures that one model call read; each stands in a row of its own as well. */
const FAILURES_SHOWN = 5;

export function RunSteps({ run }: { run: RunTree }): VNode {
  const lengthMs = runLengthMs(run);
  const tools = toolNamesBySpan(run.steps);
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
        </>
      }
    >
      <RunFailedSteps steps={run.steps} />
      {run.steps.length === 0 ? (
        <div class="empty">Nothing but the start of this run has arrived.</div>
      ) : (
        <Scroll label={{ headingId: 'steps' }}>
          <table class="steps">
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">0 – {formatDuration(lengthMs)}</th>
                <th scope="col" class="n">
                  Time
                </th>
                <th scope="col" class="n" title="Uncached input tokens">
                  In
                </th>
                <th scope="col" class="n" title="Tokens read from the cache">
                  Cache read
                </th>
                <th scope="col" class="n" title="Tokens written to the cache, both lifetimes">
                  written
                </th>
                <th scope="col" class="n" title="Output tokens, thinking included">
                  Out
                </th>
                <th scope="col" class="n" title="Cost of this step">
                  Cost
                </th>
                <th
                  scope="col"
                  class="n"
                  title="Share of this step's cost that kept results of earlier tools in the context (estimated)"
                >
                  Carried
                </th>
                <th scope="col" class="n" title="Cost of the run up to here">
                  So far
                </th>
              </tr>
            </thead>
            <tbody>
              {run.steps.map((step, index) => (
                <StepRow key={index} step={step} lengthMs={lengthMs} tools={tools} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

/** Length of the run, or as far as it is known. */
function runLengthMs(run: RunTree): number {
  const ends = run.steps.map((step) => step.offset_ms + (numberIn(step, 'duration_ms') ?? 0));
  return Math.max(1, run.duration_ms ?? 0, ...ends);
}

interface StepProps {
  readonly step: RunStep;
  readonly lengthMs: number;
  readonly tools: ReadonlyMap<string, string>;
}

function StepRow({ step, lengthMs, tools }: StepProps): VNode {
  const look = isFailedStep(step) ? 'failed' : step.reads_failed === undefined ? undefined : 'reader';
  const isCall = step.step === 'model_call';
  const written =
    (numberIn(step, 'tokens_cache_write_5m') ?? 0) + (numberIn(step, 'tokens_cache_write_1h') ?? 0);
  const tokens = (value: number | undefined): string => (isCall ? formatTokens(value ?? null) : '');
  return (
    <tr id={stepAnchor(step)} class={look}>
      <td class={isCall ? 'what' : 'what indent'}>
        <i class={`kind ${step.step === 'model_call' ? '' : step.step === 'tool_call' ? 'tool' : 'note'}`} />
        <StepName step={step} />
        <StepRemarks step={step} tools={tools} />
      </td>
      <td class="line">
        <Waterfall step={step} lengthMs={lengthMs} />
      </td>
      <td class="n">{step.step === 'note' ? '' : formatDuration(numberIn(step, 'duration_ms') ?? null)}</td>
      <td class="n">{tokens(numberIn(step, 'tokens_input'))}</td>
      <td class="n">{tokens(numberIn(step, 'tokens_cache_read'))}</td>
      <td class="n">
        {tokens(isCall && numberIn(step, 'tokens_input') === undefined ? undefined : written)}
      </td>
      <td class="n">{tokens(numberIn(step, 'tokens_output'))}</td>
      <td class="n">{isCall ? <StepCost step={step} /> : ''}</td>
      <td class="n">{isCall ? formatCost(carriedNanoUsd(step)) : ''}</td>
      <td class="n">{isCall ? formatCost(step.total_cost_nano_usd) : ''}</td>
    </tr>
  );
}

function StepName({ step }: { step: RunStep }): VNode {
  if (step.step === 'tool_call') return <strong>{textIn(step, 'gen_ai.tool.name') ?? 'tool'}</strong>;
  if (step.step === 'note') return <strong>{textIn(step, 'agent.note.kind') ?? 'note'}</strong>;
  const number = numberIn(step, 'agent.step_number');
  return (
    <span>
      {number === undefined ? '' : <span class="soft">{number}. </span>}
      <strong>
        {textIn(step, 'gen_ai.response.model') ?? textIn(step, 'gen_ai.request.model') ?? 'model'}
      </strong>
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

/** What is worth saying of a step, in words. */
function StepRemarks({ step, tools }: { step: RunStep; tools: ReadonlyMap<string, string> }): VNode {
  const error = textIn(step, 'error.type');
  const retry = numberIn(step, 'tool.retry_attempt') ?? 0;
  const attempts = numberIn(step, 'attempts') ?? 1;
  const miss = textIn(step, 'cache_miss_reason');
  const keys = textsIn(step, 'tool.input_keys');
  const size = numberIn(step, 'tool.result_len');
  const reasons = textsIn(step, 'gen_ai.response.finish_reasons').filter((reason) => reason !== 'tool_use');
  const note = textIn(step, 'agent.note.text');
  const ttft = numberIn(step, 'ttft_ms');
  const isTool = step.step === 'tool_call';
  const args = textIn(step, 'tool.args_json');
  const readFailures = step.reads_failed ?? [];
  const facts = [
    isTool && args === undefined && keys.length > 0 ? `with ${keys.join(', ')}` : undefined,
    isTool && args !== undefined ? args : undefined,
    isTool && size !== undefined ? `result ${formatTokens(size)} characters` : undefined,
    isTool && step['tool.result_empty'] === true ? 'empty result' : undefined,
    reasons.length > 0 ? `stop: ${reasons.join(', ')}` : undefined,
    ttft === undefined ? undefined : `first chunk ${formatDuration(ttft)}`,
    textIn(step, 'service_tier') === 'batch' ? 'batch' : undefined,
    textIn(step, 'speed') === 'fast' ? 'fast' : undefined,
    note,
  ].filter((fact) => fact !== undefined);
  return (
    <>
      {retry > 0 && <span class="badge warn">retry {retry}</span>}
      {attempts > 1 && (
        <span class="badge warn">
          {attempts} attempts ({textsIn(step, 'retried_status').join(', ')})
        </span>
      )}
      {facts.length > 0 && <span class="hint">{facts.join(' · ')}</span>}
      {miss !== undefined && <span class="why">cache missed: {miss}</span>}
      {(error !== undefined || step['tool.ok'] === false) && (
        <span class="why">
          failed{error === undefined ? '' : `: ${error}`}
          {step.read_by !== undefined && (
            <>
              {' '}
              → <a href={`#s-${step.read_by}`}>read by the model call below</a>
            </>
          )}
        </span>
      )}
      {readFailures.slice(0, FAILURES_SHOWN).map((span) => (
        <span key={span} class="why">
          read the failure of <a href={`#s-${span}`}>{tools.get(span) ?? 'a tool'}</a>
        </span>
      ))}
      {readFailures.length > FAILURES_SHOWN && (
        <span class="why">and {readFailures.length - FAILURES_SHOWN} more</span>
      )}
    </>
  );
}
