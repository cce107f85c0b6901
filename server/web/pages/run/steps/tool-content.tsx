// The content of a tool call: its arguments from the answer that asked for it, its result from the request that read it.

import type { VNode } from 'preact';
import { formatCount } from '../../../../../core/text/format.ts';
import { ForeignText, jsonText } from '../../../parts/foreign-text.tsx';
import { conversationOf, type MessageBlock } from '../../../../../core/model-call/conversation.ts';
import { readJsonFolded } from '../../../../../core/model-call/read-json.ts';
import { asJson } from '../../../../../core/model-call/json.ts';
import { NotRecorded } from './not-recorded.tsx';
import type { ShownStep } from '../run-data.ts';
import { numberIn, stepKey, textIn } from './step-facts.ts';
import { Blocks, TEXT_SHOWN } from './talk.tsx';

export function ToolContent({ shown }: { shown: ShownStep }): VNode {
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
      {use === undefined && <CutArguments args={args} length={numberIn(step, 'tool.input_len')} />}
      <h4>{result?.isError === true ? 'Error' : 'Result'}</h4>
      {result === undefined ? (
        <p class="empty-line">
          {reader === undefined && contents.size > 0
            ? 'No later model call read the result.'
            : `Not recorded${resultLength(step)}${read?.isCut === true ? ': the request that brought it back was too long (more than a million characters)' : ''}.`}
        </p>
      ) : (
        <div class={result.isError ? 'block tool bad' : 'block tool'}>
          <Blocks blocks={result.blocks} json="#tool-arguments" />
        </div>
      )}
    </>
  );
}

/** Arguments that were recorded beside the content are the beginning of long ones. */
function CutArguments({
  args = '',
  length = 0,
}: {
  args?: string | undefined;
  length?: number | undefined;
}): VNode | null {
  if (args === '' || length <= args.length) return null;
  return (
    <p class="hint">
      The first {formatCount(args.length)} of {formatCount(length)} characters; the rest was not recorded.
    </p>
  );
}

function resultLength(step: ShownStep['step']): string {
  const length = numberIn(step, 'tool.result_len');
  return length === undefined ? '' : ` (${formatCount(length)} characters)`;
}

function findUse(
  text: string | undefined,
  id: string | undefined,
  name: string | undefined,
): (MessageBlock & { kind: 'tool_use' }) | undefined {
  const json = asJson(readJsonFolded(text));
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
): (MessageBlock & { kind: 'tool_result' }) | undefined {
  if (id === undefined) return undefined;
  return (conversationOf(text, undefined, undefined)?.messages ?? [])
    .flatMap((message) => message.blocks.flatMap((block) => (block.kind === 'tool_result' ? [block] : [])))
    .findLast((block) => block.id === id);
}
