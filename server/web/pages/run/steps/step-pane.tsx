// The pane of one step: what was sent and what came back, the error, usage and cost, cache, attempts, ids, and the way to
// the steps before and after it.

import type { ComponentChildren, VNode } from 'preact';
import { isUnanswered, UNANSWERED } from '../../../../../core/model-call/unanswered.ts';
import { formatDuration, formatNoteText } from '../../../../../core/text/format.ts';
import type { FieldKey } from '../../../../../core/schema.ts';
import type { RunStep } from '../../../../queries/runs/read-run.ts';
import { ForeignText } from '../../../parts/foreign-text.tsx';
import { traceLinksOf } from '../../../trace-links.ts';
import { runLink, stepLink } from '../run-address.ts';
import { stepTitle, type ShownStep } from '../run-data.ts';
import type { RunView } from '../run-view.ts';
import { isFailedStep, numberIn, stepKey, textIn, textsIn } from './step-facts.ts';
import { StepContent } from './step-content.tsx';
import { StepCache, StepContext, StepUsage } from './step-usage.tsx';

const KINDS = { model_call: 'Model call', tool_call: 'Tool call', note: 'Note' } as const;

export function StepPane({ view }: { view: RunView }): VNode | null {
  const { shown, isStepMissing, outline } = view.data;
  const close = runLink(outline['agent.run_id'], view.address, { step: undefined, view: 'new' });
  if (isStepMissing)
    return (
      <aside id="pane" class="pane" aria-label="Step">
        <p class="empty-line">
          There is no such step in this run. It may have been deleted by age, or belong to a nested run that
          is folded.{' '}
          <a data-part href={close}>
            Close
          </a>
        </p>
      </aside>
    );
  if (shown === undefined) return null;
  const { step } = shown;
  return (
    <aside id="pane" class="pane" aria-labelledby="pane-title">
      <div class="pane-head">
        <div>
          <span class="soft">{KINDS[step.step]}</span>
          <h2 id="pane-title" tabIndex={-1}>
            <bdi>{stepTitle(step)}</bdi>
          </h2>
        </div>
        <span class="grow" />
        <Neighbour view={view} step={shown.before} name="←" label="Step before" />
        <Neighbour view={view} step={shown.after} name="→" label="Step after" />
        {shown.nextFailed !== undefined && (
          <Neighbour view={view} step={shown.nextFailed} name="Next error" label="Next error" />
        )}
        <a class="button" data-part data-close href={close} aria-label="Close the step">
          ✕
        </a>
      </div>
      <div class="pane-body">
        <StepFault view={view} shown={shown} />
        <StepTimes step={step} shown={shown} />
        <StepContent view={view} shown={shown} />
        {step.step === 'model_call' && (
          <>
            <StepUsage shown={shown} />
            <StepContext shown={shown} />
            <StepCache shown={shown} />
          </>
        )}
        {step.step === 'note' && <NoteText step={step} />}
        <StepIds view={view} shown={shown} />
      </div>
    </aside>
  );
}

function Neighbour(props: {
  view: RunView;
  step: RunStep | undefined;
  name: string;
  label: string;
}): VNode | null {
  const { view, step, name, label } = props;
  const key = step === undefined ? undefined : stepKey(step);
  if (key === undefined) return null;
  return (
    <a
      class="button"
      data-step={key}
      aria-label={label}
      title={label}
      href={stepLink(view.data.outline['agent.run_id'], view.address, key)}
    >
      {name}
    </a>
  );
}

function StepFault({ view, shown }: { view: RunView; shown: ShownStep }): VNode | null {
  const { step, asker, reader } = shown;
  if (!isFailedStep(step)) return null;
  return (
    <p class="fault-line">
      <strong>Failed</strong>: {textIn(step, 'error.type') ?? 'its result was marked as an error'}.{' '}
      {asker !== undefined && <Linked view={view} step={asker} before="Asked for by " after=". " />}
      {reader !== undefined && <Linked view={view} step={reader} before="Read by " after="." />}
    </p>
  );
}

function Linked(props: { view: RunView; step: RunStep; before: string; after: string }): VNode {
  const { view, step, before, after } = props;
  const key = stepKey(step);
  return (
    <>
      {before}
      {key === undefined ? (
        stepTitle(step)
      ) : (
        <a data-step={key} href={stepLink(view.data.outline['agent.run_id'], view.address, key)}>
          <bdi>{stepTitle(step)}</bdi>
        </a>
      )}
      {after}
    </>
  );
}

function StepTimes({ step, shown }: { step: RunStep; shown: ShownStep }): VNode {
  const attempts = numberIn(step, 'attempts');
  const retried = textsIn(step, 'retried_status');
  const ttft = numberIn(step, 'ttft_ms');
  const reasons = textsIn(step, 'gen_ai.response.finish_reasons');
  const geo = textIn(shown.detail.event as unknown as RunStep, 'inference_geo');
  const parts: (string | undefined)[] = [
    `Starts ${formatDuration(step.offset_ms)} into the run`,
    step.step === 'note' ? undefined : `takes ${formatDuration(numberIn(step, 'duration_ms') ?? null)}`,
    ttft === undefined ? undefined : `first chunk after ${formatDuration(ttft)}`,
    step.step === 'model_call' && isUnanswered(step) ? UNANSWERED : undefined,
    reasons.length === 0 ? undefined : `stop reason ${reasons.join(', ')}`,
    attempts === undefined || attempts < 2
      ? undefined
      : `${attempts} attempts: ${[...retried, textIn(step, 'error.type') ?? 'answered'].join(' → ')}`,
    numberIn(step, 'tool.retry_attempt')
      ? `retry ${numberIn(step, 'tool.retry_attempt')} of this tool`
      : undefined,
    textIn(step, 'service_tier') === undefined ? undefined : `tier ${textIn(step, 'service_tier')}`,
    textIn(step, 'speed') === 'fast' ? 'fast mode' : undefined,
    geo === undefined ? undefined : `inference in ${geo}`,
  ];
  return <p class="hint">{parts.filter((part) => part !== undefined).join(' · ')}.</p>;
}

function NoteText({ step }: { step: RunStep }): VNode {
  const text = formatNoteText(step) ?? '';
  return (
    <section class="part" aria-label="Note">
      <ForeignText text={text === '' ? 'The note has no text.' : text} />
    </section>
  );
}

const IDS: readonly (readonly [FieldKey, string])[] = [
  ['anthropic.request.id', 'Request id'],
  ['gen_ai.response.id', 'Response id'],
  ['gen_ai.tool.call.id', 'Tool call id'],
  ['trace_id', 'Trace id'],
  ['span_id', 'Span id'],
  ['gen_ai.provider.name', 'Provider'],
  ['tallyspan.sdk.version', 'SDK version'],
  ['tallyspan.dialect', 'Translated from'],
  ['tallyspan.source', 'Reported by'],
];

function StepIds({ view, shown }: { view: RunView; shown: ShownStep }): VNode {
  const event = shown.detail.event;
  const ids = IDS.flatMap(([key, name]) =>
    typeof event[key] === 'string' ? [[name, event[key]] as const] : [],
  );
  const links = traceLinksOf(view.traceUrls, textIn(shown.step, 'trace_id') ?? null);
  return (
    <section class="part" aria-label="Ids">
      <h3>Ids</h3>
      <dl class="ids">
        {ids.map(([name, value], index) => (
          <Id key={name} name={name}>
            <bdi class="mono" id={`step-id-${index}`}>
              {value}
            </bdi>{' '}
            <button
              type="button"
              class="tiny"
              data-copy-text={`#step-id-${index}`}
              aria-label={`Copy ${name.toLowerCase()}`}
            >
              Copy
            </button>
          </Id>
        ))}
        {links.map(({ name, url }) => (
          <Id key={url} name={`In ${name}`}>
            <a href={url} rel="noreferrer">
              open the trace
            </a>
          </Id>
        ))}
      </dl>
    </section>
  );
}

function Id({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
