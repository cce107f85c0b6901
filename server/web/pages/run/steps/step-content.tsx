// The content of a step: the conversation that a model call sent and got back, or the arguments and the result of a tool
// call, for who may see it; else what to do to see it.

import type { ComponentChildren, VNode } from 'preact';
import { formatCount } from '../../../../../core/text/format.ts';
import type { CallContent } from '../../../../queries/runs/read-content.ts';
import { ForeignText, jsonText } from '../../../parts/foreign-text.tsx';
import { conversationOf } from '../../../../../core/model-call/conversation.ts';
import { readJson } from '../../../../../core/model-call/read-json.ts';
import { NotRecorded } from './not-recorded.tsx';
import { runLink, type ContentView } from '../run-address.ts';
import type { ShownStep } from '../run-data.ts';
import type { RunView } from '../run-view.ts';
import { stepKey } from './step-facts.ts';
import { Talk } from './talk.tsx';
import { ToolContent } from './tool-content.tsx';

const JSON_SHOWN = 100_000;

const VIEWS: readonly (readonly [ContentView, string])[] = [
  ['new', 'New since the previous call'],
  ['whole', 'Whole'],
  ['json', 'Raw JSON'],
];

export function StepContent({ view, shown }: { view: RunView; shown: ShownStep }): VNode | null {
  if (shown.step.step === 'note') return null;
  const recorded = [...shown.contents.values()].filter(hasContent);
  return (
    <section class="part" aria-label="Content">
      <h3>Content</h3>
      {recorded.length > 0 && (
        <p class="hint">
          Recorded content, decrypted for this page. It is shown{' '}
          {view.hasToken ? 'to who has the token' : 'on this machine only'}.
          {isReported(shown) && ' It is what its emitter reported, and not byte for byte what was sent.'}
        </p>
      )}
      {contentOf(view, shown)}
    </section>
  );
}

function lackText({ request, response }: CallContent): string {
  const part = request === undefined ? 'The request' : response === undefined ? 'The answer' : 'A part';
  return `${part} was too long to be recorded (more than a million characters) and is missing here.`;
}

/** Whether another's span or log told of the step. */
function isReported({ detail }: ShownStep): boolean {
  const source = detail.event['tallyspan.source'];
  return source === 'span' || source === 'log';
}

function hasContent({ request, response, fault }: CallContent): boolean {
  return request !== undefined || response !== undefined || fault !== undefined;
}

function contentOf(view: RunView, shown: ShownStep): ComponentChildren {
  if (view.access === 'remote')
    return (
      <p class="empty-line">
        Content is shown only on the machine of the server, or to who has its token. Start the server with
        TALLYSPAN_TOKEN to read it from elsewhere.
      </p>
    );
  const fault = [...shown.contents.values()].find((content) => content.fault !== undefined)?.fault;
  if (fault !== undefined) return <p class="why">{fault}</p>;
  return shown.step.step === 'model_call' ? (
    <CallConversation view={view} shown={shown} />
  ) : (
    <ToolContent shown={shown} />
  );
}

function CallConversation({ view, shown }: { view: RunView; shown: ShownStep }): VNode {
  const { address, data } = view;
  const runId = data.outline['agent.run_id'];
  const key = stepKey(shown.step);
  const content = shown.contents.get(key ?? '');
  if (content === undefined || !hasContent(content)) return <NotRecorded content={content} />;
  const previous = shown.contents.get(shown.detail.previous_span_id ?? '');
  const conversation = conversationOf(content.request, content.response, previous?.request);
  const raw = (part: 'request' | 'response'): string =>
    `/api/runs/${encodeURIComponent(shown.runId)}/steps/${encodeURIComponent(key ?? '')}/${part}`;
  const shownView = conversation === undefined ? 'json' : address.view;
  return (
    <>
      <div class="choices" role="group" aria-label="View">
        {VIEWS.map(([one, name]) => (
          <a
            key={one}
            class="button"
            data-pane
            aria-current={shownView === one ? 'true' : undefined}
            href={runLink(runId, address, { view: one })}
          >
            {name}
          </a>
        ))}
      </div>
      {content.isCut && <p class="why">{lackText(content)}</p>}
      {conversation === undefined || shownView === 'json' ? (
        <>
          <RawJson title="Request" text={content.request} href={raw('request')} />
          <RawJson title="Answer" text={content.response} href={raw('response')} />
        </>
      ) : (
        <Talk
          conversation={conversation}
          isWhole={shownView === 'whole'}
          hasPrevious={previous?.request !== undefined}
          whole={runLink(runId, address, { view: 'whole' })}
          json={runLink(runId, address, { view: 'json' })}
        />
      )}
    </>
  );
}

function RawJson({ title, text, href }: { title: string; text: string | undefined; href: string }): VNode {
  if (text === undefined) return <p class="empty-line">{title}: not recorded.</p>;
  const value = text.length > JSON_SHOWN * 4 ? undefined : readJson(text);
  return (
    <div class="block">
      <div class="block-head">
        <strong>{title}</strong>
        <button type="button" data-copy={href}>
          Copy
        </button>
        <a href={href}>Open all {formatCount(text.length)} characters</a>
      </div>
      <pre tabIndex={0}>
        <ForeignText text={value === undefined ? text : jsonText(value)} most={JSON_SHOWN} />
      </pre>
    </div>
  );
}
