// What is worth saying of a step beside its name, in words.

import type { VNode } from 'preact';
import { isUnanswered, UNANSWERED } from '../../../../../core/model-call/unanswered.ts';
import { cutText } from '../../../../../core/text/cut-text.ts';
import { formatDuration, formatTokens, formatNoteText } from '../../../../../core/text/format.ts';
import type { RunStep } from '../../../../queries/runs/read-run.ts';
import { ForeignText } from '../../../parts/foreign-text.tsx';
import { numberIn, textIn, textsIn } from './step-facts.ts';

/** Failures that one model call read; each stands in a row of its own as well. */
const FAILURES_SHOWN = 5;
const ARGUMENTS_SHOWN = 160;
/** Of a note; the pane has all of it. */
const NOTE_SHOWN = 300;

export function StepRemarks({ step, tools }: { step: RunStep; tools: ReadonlyMap<string, string> }): VNode {
  const error = textIn(step, 'error.type');
  const retry = numberIn(step, 'tool.retry_attempt') ?? 0;
  const attempts = numberIn(step, 'attempts') ?? 1;
  const miss = textIn(step, 'cache_miss_reason');
  const readFailures = step.reads_failed ?? [];
  const facts = factsOf(step);
  const note = step.step === 'note' ? formatNoteText(step) : undefined;
  const args = step.step === 'tool_call' ? textIn(step, 'tool.args_json') : undefined;
  return (
    <>
      {retry > 0 && <span class="badge warn">retry {retry}</span>}
      {attempts > 1 && (
        <span class="badge warn">
          {attempts} attempts ({textsIn(step, 'retried_status').join(', ')})
        </span>
      )}
      {args !== undefined && (
        <span class="hint">
          <ForeignText text={shortened(args, ARGUMENTS_SHOWN)} />
        </span>
      )}
      {facts.length > 0 && <span class="hint">{facts.join(' · ')}</span>}
      {note !== undefined && (
        <span class="hint">
          <ForeignText text={shortened(note, NOTE_SHOWN)} />
        </span>
      )}
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

/** On one line, as what stands beside a name. */
function shortened(text: string, most: number): string {
  const line = cutText(text, most).replaceAll(/\s+/g, ' ');
  return text.length > most ? `${line}…` : line;
}

function factsOf(step: RunStep): string[] {
  const isTool = step.step === 'tool_call';
  const keys = textsIn(step, 'tool.input_keys');
  const size = numberIn(step, 'tool.result_len');
  const reasons = textsIn(step, 'gen_ai.response.finish_reasons').filter((reason) => reason !== 'tool_use');
  const ttft = numberIn(step, 'ttft_ms');
  return [
    isTool && textIn(step, 'tool.args_json') === undefined && keys.length > 0
      ? `with ${keys.join(', ')}`
      : undefined,
    isTool && size !== undefined ? `result ${formatTokens(size)} characters` : undefined,
    isTool && step['tool.result_empty'] === true ? 'empty result' : undefined,
    reasons.length > 0 ? `stop: ${reasons.join(', ')}` : undefined,
    step.step === 'model_call' && isUnanswered(step) ? UNANSWERED : undefined,
    ttft === undefined ? undefined : `first chunk ${formatDuration(ttft)}`,
    textIn(step, 'service_tier') === 'batch' ? 'batch' : undefined,
    textIn(step, 'speed') === 'fast' ? 'fast' : undefined,
  ].filter((fact) => fact !== undefined);
}
