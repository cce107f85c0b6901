// What a whole Message says about its price.

import { describe, expect, it } from '@jest/globals';
import { describeOutput } from '../../../core/attribution/request-shape.ts';
import { MessageReader } from '../../../core/model-call/message-reader.ts';
import { priceCall } from '../../../core/pricing/cost.ts';
import { requestOfMessage } from '../../../core/pricing/price-request.ts';
import { streamOf } from '../../fixtures/corpus-stream.ts';
import { MESSAGE_CORPUS } from '../../fixtures/message-corpus.ts';
import { rawUsage } from '../pricing/price-request.ts';

const readMessage = (message: unknown): MessageReader => new MessageReader().readMessage(message);

const hop = (model: unknown): object => ({ type: 'fallback', from: { model } });
const TEXT = { type: 'text', text: 'hello' };

describe('a Message', () => {
  it('names model, usage and stop reason', () => {
    const usage = rawUsage({ input: 1 });
    const read = readMessage({
      type: 'message',
      model: 'm',
      usage,
      stop_reason: 'end_turn',
      content: [TEXT],
    });
    expect(read.rawUsage).toBe(usage);
    expect(read).toMatchObject({ model: 'm', stopReason: 'end_turn', hasOutput: true, isComplete: true });
    expect(read.hasCodeExecution).toBeUndefined();
  });

  it.each([[{}], [{ model: 5, content: 'x', stop_reason: 5 }], [null], ['text']])(
    '%j says nothing',
    (message) => {
      const read = readMessage(message);
      expect([read.model, read.rawUsage, read.stopReason, read.hasOutput]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(read.isComplete).toBe(true);
    },
  );

  it('whose stop reason is null never ended', () => {
    expect(readMessage({ stop_reason: null }).isComplete).toBe(false);
  });

  it.each([
    [[], false],
    [[TEXT], true],
    [[{ type: 'text', text: '' }], false],
    [[{ type: 'thinking', thinking: '' }], true],
    [[{ type: 'thinking', text: '' }], true],
    [[{ type: 'fallback', from: { model: 'a' } }], false],
    [[{ type: 'fallback', from: { model: 'a' } }, TEXT], true],
    [[null, 'x'], false],
  ])('with content %j has output: %p', (content, hasOutput) => {
    expect(readMessage({ content }).hasOutput).toBe(hasOutput);
  });

  it('names the model that was asked for in its first fallback block', () => {
    const notHop = { ...TEXT, from: { model: 'x' } };
    expect(readMessage({ content: [notHop, hop('a'), TEXT, hop('b')] }).requestedModel).toBe('a');
    expect(readMessage({ content: [hop(5)] }).requestedModel).toBeUndefined();
    expect(readMessage({ content: [{ type: 'fallback' }] }).requestedModel).toBeUndefined();
  });

  it('may carry who is billed', () => {
    expect(readMessage({ billing_policy: { bill_to: 'user_profile' } }).billTo).toBe('user_profile');
    expect(readMessage({ billing_policy: { bill_to: 5 } }).billTo).toBeUndefined();
    expect(readMessage({ billing_policy: null }).billTo).toBeUndefined();
  });

  it.each([
    [{ container: { id: 'c' } }, true],
    [{ container: null, content: [TEXT] }, false],
    [{ content: [{ type: 'server_tool_use', name: 'code_execution' }] }, true],
    [{ content: [{ type: 'server_tool_use', name: 'bash_code_execution' }] }, true],
    [{ content: [{ type: 'server_tool_use', name: 'text_editor_code_execution' }] }, true],
    [{ content: [{ type: 'bash_code_execution_tool_result' }] }, true],
    [{ content: [{ type: 'server_tool_use', name: 'web_search' }] }, false],
    [{ content: [{ type: 'tool_use', name: 'code_execution' }] }, false],
    // Free with the web tools that call code by themselves
    [
      {
        container: { id: 'c' },
        content: [
          { type: 'server_tool_use', name: 'web_search', caller: { type: 'code_execution_20260120' } },
        ],
      },
      false,
    ],
    [
      {
        container: { id: 'c' },
        content: [{ type: 'server_tool_use', name: 'web_fetch', caller: { type: 'direct' } }],
      },
      true,
    ],
    [
      {
        container: { id: 'c' },
        content: [
          { type: 'tool_use', name: 'web_fetch', caller: { type: 'code_execution_20260120' } },
          { type: 'server_tool_use', name: 'web_fetch' },
        ],
      },
      true,
    ],
  ])('%j may charge container time: %p', (message, expected) => {
    expect(readMessage(message).hasCodeExecution === true).toBe(expected);
  });

  it('is priced as it stands: an empty refusal is free', () => {
    const message = {
      type: 'message',
      model: 'claude-fable-5',
      content: [],
      stop_reason: 'refusal',
      usage: { input_tokens: 106, output_tokens: 1 },
    };
    const { reading, circumstances } = requestOfMessage(readMessage(message), {
      atMs: Date.UTC(2026, 10, 20),
    });
    expect(priceCall(reading, circumstances)).toMatchObject({ costNanoUsd: 0, reason: 'refusal_not_billed' });
  });
});

/** All that a reader says of an answer, save how it came. */
function factsOf(reader: MessageReader): unknown {
  const { id, model, stopReason, isComplete, hasOutput, hasCodeExecution, reading } = reader;
  const { textLength, outputLength, toolUses, blockIds, shapes } = reader;
  const counts = { textLength, outputLength, toolUses, blockIds, shapes };
  return { id, model, stopReason, isComplete, hasOutput, hasCodeExecution, reading, ...counts };
}

describe.each(MESSAGE_CORPUS)('the message $name', (each) => {
  const events = streamOf(each).map(({ data }) => data);
  const read = (keepsContent: boolean): MessageReader => {
    const reader = new MessageReader(keepsContent);
    for (const event of structuredClone(events)) reader.readEvent(event);
    return reader;
  };
  const isCut = each.message['stop_reason'] === null;

  it('says the same whole, streamed, as a body of text and in slices', () => {
    const whole = factsOf(readMessage(each.message));
    expect(factsOf(read(false))).toEqual(whole);
    expect(factsOf(read(true))).toEqual(whole);
    const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
    expect(factsOf(new MessageReader().readBody(body))).toEqual(whole);
    expect(factsOf(new MessageReader().readBody(JSON.stringify(each.message)))).toEqual(whole);
    const slices = new MessageReader();
    const content = each.message['content'] as unknown[];
    for (const block of content) slices.readSlice({ ...each.message, content: [block] });
    if (content.length === 0 || isCut) return;
    expect(factsOf(slices)).toEqual(whole);
  });

  it('is rebuilt from its events where its content is kept, and only there', () => {
    const { model, content, stop_reason: stopReason, container } = each.message;
    expect(read(true).message).toMatchObject({ model, content, stop_reason: stopReason, container });
    expect(factsOf(readMessage(read(true).message))).toEqual(factsOf(readMessage(each.message)));
    expect(read(false).message).toBeUndefined();
    expect(readMessage(each.message).message).toBeUndefined();
  });

  it('changes nothing that it reads, and describes its blocks as the next request will', () => {
    const before = JSON.stringify(events);
    const reader = new MessageReader(true);
    for (const event of events) reader.readEvent(event);
    expect(JSON.stringify(events)).toBe(before);
    expect(reader.shapes.map(({ hash }) => hash)).toEqual(
      describeOutput(each.message['content']).map(({ hash }) => hash),
    );
  });
});
