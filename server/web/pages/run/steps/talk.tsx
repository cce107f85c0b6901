// The talk of a model call: its conversation as messages of blocks. Texts stand as texts, those of the model as Markdown
// with the text beside it, and nothing is ever HTML; images and documents stand as their size.

import type { ComponentChildren, VNode } from 'preact';
import { formatCount, formatCountOf } from '../../../../../core/text/format.ts';
import { cutText } from '../../../../../core/text/cut-text.ts';
import { safeText } from '../../../../../core/text/safe-text.ts';
import { ForeignText, jsonText } from '../../../parts/foreign-text.tsx';
import { markdownOf } from '../../../parts/markdown.tsx';
import type { MessageBlock, Conversation, Message } from '../../../../../core/model-call/conversation.ts';

/** Of a longer conversation the latest are shown. */
const MESSAGES_SHOWN = 100;
/** Characters of a name. */
const NAME_SHOWN = 200;
/** Characters of one text. */
export const TEXT_SHOWN = 20_000;

interface TalkProps {
  readonly conversation: Conversation;
  readonly isWhole: boolean;
  readonly hasPrevious: boolean;
  readonly whole: string;
  readonly json: string;
}

export function Talk({ conversation, isWhole, hasPrevious, whole, json }: TalkProps): VNode {
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
                  <Name text={tool.name} />
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
        <Name text={role} />
        {message.index !== undefined && <span class="soft"> message {message.index + 1}</span>}
      </div>
      {message.blocks.length === 0 ? (
        <p class="empty-line">Empty.</p>
      ) : (
        <Blocks
          blocks={message.blocks}
          json={json}
          hasMarkdown={isAnswer === true || message.role === 'assistant'}
        />
      )}
    </li>
  );
}

interface BlocksProps {
  readonly blocks: readonly MessageBlock[];
  readonly json: string;
  /** Whether texts are the model's, which writes Markdown. */
  readonly hasMarkdown?: boolean;
}

export function Blocks({ blocks, json, hasMarkdown = false }: BlocksProps): VNode {
  return (
    <>
      {blocks.slice(0, MESSAGES_SHOWN).map((block, index) => (
        <BlockView key={index} block={block} json={json} hasMarkdown={hasMarkdown} />
      ))}
      {blocks.length > MESSAGES_SHOWN && (
        <p class="hint">{formatCountOf(blocks.length - MESSAGES_SHOWN, 'more block')} in the raw JSON.</p>
      )}
    </>
  );
}

interface BlockProps {
  readonly block: MessageBlock;
  readonly json: string;
  readonly hasMarkdown: boolean;
}

const FILES: Readonly<Record<string, string>> = { image: 'Image', search_result: 'Search result' };

function BlockView({ block, json, hasMarkdown }: BlockProps): VNode {
  const rest = (
    <a data-pane href={json}>
      Raw JSON has them.
    </a>
  );
  switch (block.kind) {
    case 'text': {
      const text = (
        <div class="block text">
          <ForeignText text={block.text} most={TEXT_SHOWN} rest={rest} />
        </div>
      );
      const markdown = hasMarkdown ? markdownOf(block.text) : undefined;
      return (
        <>
          {markdown === undefined ? (
            text
          ) : (
            <>
              <div class="block text">{markdown}</div>
              <Fold title="As it was written">{text}</Fold>
            </>
          )}
          {block.citations !== undefined && (
            <Fold title={`Citations (${block.citations.length})`}>
              <pre tabIndex={0}>
                <ForeignText text={jsonText(block.citations)} most={TEXT_SHOWN} rest={rest} />
              </pre>
            </Fold>
          )}
        </>
      );
    }
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
              <Name text={block.name} />
            </strong>
            {block.server !== undefined && (
              <>
                {' '}
                of the MCP server <Name text={block.server} />
              </>
            )}
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
              <Name text={block.name ?? block.id} />
            </strong>
          </div>
          <Blocks blocks={block.blocks} json={json} />
        </div>
      );
    case 'file':
      return (
        <div class="block file">
          <strong>{FILES[block.what] ?? 'Document'}</strong>: <ForeignText text={block.detail} most={300} />
          <Blocks blocks={block.blocks} json={json} />
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

function Name({ text }: { text: string }): VNode {
  return <bdi>{safeText(cutText(text, NAME_SHOWN))}</bdi>;
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
        <Name text={title} />
        {note !== undefined && <span class="badge warn">{note}</span>}
      </summary>
      {children}
    </details>
  );
}
