// The content of a step: the conversation that a model call sent and got back, or the arguments and the result of a tool
// call. Nothing of it is ever markup: texts stand as texts, images and documents as their size.

import type { ComponentChildren, VNode } from 'preact';
import { formatCount, formatCountOf } from '../../../../core/format.ts';
import type { CallContent } from '../../../queries/runs/read-content.ts';
import { ForeignText, jsonText } from '../../parts/foreign-text.tsx';
import {
  conversationOf,
  readJson,
  asJson,
  type Block,
  type Conversation,
  type Message,
} from './conversation.ts';
import { runLink, type ContentView } from './run-address.ts';
import type { ShownStep } from './run-data.ts';
import type { RunView } from './run-page.tsx';
import { numberIn, stepKey, textIn } from './step-facts.ts';

/** Of a longer conversation the latest are shown. */
const MESSAGES_SHOWN = 100;
const JSON_SHOWN = 100_000;
const TEXT_SHOWN = 20_000;

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
        </p>
      )}
      {contentOf(view, shown)}
    </section>
  );
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

/** What to do where nothing was recorded. */
function NotRecorded({ content }: { content: CallContent | undefined }): VNode {
  if (content?.isCut === true)
    return (
      <p class="empty-line">
        Request and answer were too long to be recorded (more than a million characters).
      </p>
    );
  return (
    <p class="empty-line">
      Not recorded. To see what is sent and what comes back, start the agent with{' '}
      <code>TALLYSPAN_CONTENT=full</code>; it is stored encrypted on this server.
    </p>
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
      {content.isCut && <p class="why">A part was too long to be recorded and is missing here.</p>}
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

interface TalkProps {
  readonly conversation: Conversation;
  readonly isWhole: boolean;
  readonly hasPrevious: boolean;
  readonly whole: string;
  readonly json: string;
}

function Talk({ conversation, isWhole, hasPrevious, whole, json }: TalkProps): VNode {
  const { system, tools, messages, answer, settings } = conversation;
  const isShort = !isWhole && hasPrevious;
  const listed = messages.filter((message) => !isShort || message.isNew);
  const latest = listed.slice(-MESSAGES_SHOWN);
  const left = messages.length - listed.length;
  return (
    <>
      {(!isShort || conversation.isSystemNew) && system.length > 0 && (
        <Fold title="System prompt" note={isShort ? 'changed since the previous call' : undefined}>
          <Blocks blocks={system} json={json} />
        </Fold>
      )}
      {(!isShort || conversation.areToolsNew) && tools.length > 0 && (
        <Fold
          title={`Tool definitions (${tools.length})`}
          note={isShort ? 'changed since the previous call' : undefined}
        >
          {tools.map((tool, index) => (
            <div key={index} class="block">
              <div class="block-head">
                <strong>
                  <bdi>{tool.name}</bdi>
                </strong>
              </div>
              <p class="hint">
                <ForeignText text={tool.description} most={2000} />
              </p>
              <Fold title="Schema">
                <pre tabIndex={0}>
                  <ForeignText text={jsonText(tool.schema)} most={TEXT_SHOWN} />
                </pre>
              </Fold>
            </div>
          ))}
        </Fold>
      )}
      {Object.keys(settings).length > 0 && !isShort && (
        <Fold title="Settings of the request">
          <pre tabIndex={0}>
            <ForeignText text={jsonText(settings)} most={TEXT_SHOWN} />
          </pre>
        </Fold>
      )}
      {left > 0 && (
        <p class="hint">
          {formatCountOf(left, 'earlier message')} as in the previous call.{' '}
          <a data-pane href={whole}>
            Show the whole conversation
          </a>
        </p>
      )}
      {listed.length > latest.length && (
        <p class="hint">
          {formatCountOf(listed.length - latest.length, 'earlier message')} not shown here;{' '}
          <a data-pane href={json}>
            Raw JSON
          </a>{' '}
          has them.
        </p>
      )}
      <ol class="talk">
        {latest.map((message) => (
          <MessageItem key={message.index} message={message} json={json} />
        ))}
        {answer === undefined ? (
          <li class="message-item">
            <div class="role">Answer</div>
            <p class="empty-line">No answer was recorded.</p>
          </li>
        ) : (
          <MessageItem message={answer} json={json} isAnswer />
        )}
      </ol>
    </>
  );
}

function MessageItem({
  message,
  json,
  isAnswer,
}: {
  message: Message;
  json: string;
  isAnswer?: boolean;
}): VNode {
  const role =
    isAnswer === true
      ? 'Answer'
      : message.role === 'assistant'
        ? 'Assistant'
        : message.role === 'user'
          ? 'User'
          : message.role;
  return (
    <li
      class={`message-item ${isAnswer === true ? 'answer' : message.role === 'assistant' ? 'assistant' : 'user'}`}
    >
      <div class="role">
        <bdi>{role}</bdi>
        {message.index !== undefined && <span class="soft"> message {message.index + 1}</span>}
      </div>
      {message.blocks.length === 0 ? (
        <p class="empty-line">Empty.</p>
      ) : (
        <Blocks blocks={message.blocks} json={json} />
      )}
    </li>
  );
}

function Blocks({ blocks, json }: { blocks: readonly Block[]; json: string }): VNode {
  return (
    <>
      {blocks.slice(0, MESSAGES_SHOWN).map((block, index) => (
        <BlockView key={index} block={block} json={json} />
      ))}
      {blocks.length > MESSAGES_SHOWN && (
        <p class="hint">{formatCountOf(blocks.length - MESSAGES_SHOWN, 'more block')} in the raw JSON.</p>
      )}
    </>
  );
}

function BlockView({ block, json }: { block: Block; json: string }): VNode {
  const rest = (
    <a data-pane href={json}>
      Raw JSON has them.
    </a>
  );
  switch (block.kind) {
    case 'text':
      return (
        <div class="block text">
          <ForeignText text={block.text} most={TEXT_SHOWN} rest={rest} />
        </div>
      );
    case 'thinking':
      return (
        <Fold title={`Thinking (${formatCount(block.text.length)} characters)`}>
          <div class="block text">
            <ForeignText text={block.text} most={TEXT_SHOWN} rest={rest} />
          </div>
        </Fold>
      );
    case 'tool_use':
      return (
        <div class="block tool">
          <div class="block-head">
            <i class="kind tool" /> calls{' '}
            <strong>
              <bdi>{block.name}</bdi>
            </strong>
          </div>
          <pre tabIndex={0}>
            <ForeignText text={jsonText(block.input)} most={TEXT_SHOWN} rest={rest} />
          </pre>
        </div>
      );
    case 'tool_result':
      return (
        <div class={block.isError ? 'block tool bad' : 'block tool'}>
          <div class="block-head">
            <i class="kind tool" /> {block.isError ? 'error' : 'result'} of{' '}
            <strong>
              <bdi>{block.name ?? block.id}</bdi>
            </strong>
          </div>
          <Blocks blocks={block.blocks} json={json} />
        </div>
      );
    case 'file':
      return (
        <div class="block file">
          <strong>{block.what === 'image' ? 'Image' : 'Document'}</strong>:{' '}
          <ForeignText text={block.detail} most={300} />
        </div>
      );
    case 'other':
      return (
        <Fold title={block.what}>
          <pre tabIndex={0}>
            <ForeignText text={jsonText(block.value)} most={TEXT_SHOWN} rest={rest} />
          </pre>
        </Fold>
      );
  }
}

function Fold({
  title,
  note,
  children,
}: {
  title: string;
  note?: string | undefined;
  children: ComponentChildren;
}): VNode {
  return (
    <details class="fold">
      <summary>
        <bdi>{title}</bdi>
        {note !== undefined && <span class="badge warn">{note}</span>}
      </summary>
      {children}
    </details>
  );
}

/** Arguments from the answer that asked for the call, the result from the request that read it. */
function ToolContent({ shown }: { shown: ShownStep }): VNode {
  const { step, asker, reader, contents } = shown;
  const asked = asker === undefined ? undefined : contents.get(stepKey(asker) ?? '');
  const read = reader === undefined ? undefined : contents.get(stepKey(reader) ?? '');
  const id = textIn(step, 'gen_ai.tool.call.id');
  const name = textIn(step, 'gen_ai.tool.name');
  const use =
    findUse(asked?.response, id, name) ?? findUse(read?.request, id, id === undefined ? undefined : name);
  const result = findResult(read?.request, use?.id ?? id);
  const args = textIn(step, 'tool.args_json');
  if (use === undefined && result === undefined && args === undefined) return <NotRecorded content={asked} />;
  return (
    <>
      <h4>Arguments</h4>
      <pre tabIndex={0} id="tool-arguments">
        <ForeignText
          text={use === undefined ? (args ?? 'not recorded') : jsonText(use.input)}
          most={TEXT_SHOWN}
        />
      </pre>
      <h4>{result?.isError === true ? 'Error' : 'Result'}</h4>
      {result === undefined ? (
        <p class="empty-line">
          {reader === undefined && contents.size > 0
            ? 'No later model call read the result.'
            : `Not recorded${numberIn(step, 'tool.result_len') === undefined ? '' : ` (${formatCount(numberIn(step, 'tool.result_len'))} characters)`}.`}
        </p>
      ) : (
        <div class={result.isError ? 'block tool bad' : 'block tool'}>
          <Blocks blocks={result.blocks} json="#tool-arguments" />
        </div>
      )}
    </>
  );
}

function findUse(
  text: string | undefined,
  id: string | undefined,
  name: string | undefined,
): (Block & { kind: 'tool_use' }) | undefined {
  const json = asJson(readJson(text));
  const conversation = conversationOf(
    JSON.stringify({ messages: json['messages'] ?? [{ role: 'assistant', content: json['content'] }] }),
    undefined,
    undefined,
  );
  const uses = (conversation?.messages ?? []).flatMap((message) =>
    message.blocks.flatMap((block) => (block.kind === 'tool_use' ? [block] : [])),
  );
  return uses.findLast((block) => (id === undefined ? block.name === name : block.id === id));
}

function findResult(
  text: string | undefined,
  id: string | undefined,
): (Block & { kind: 'tool_result' }) | undefined {
  if (id === undefined) return undefined;
  return (conversationOf(text, undefined, undefined)?.messages ?? [])
    .flatMap((message) => message.blocks.flatMap((block) => (block.kind === 'tool_result' ? [block] : [])))
    .findLast((block) => block.id === id);
}
