// What a whole Message says about its price.

import { describe, expect, it } from '@jest/globals';
import { MessageReader } from '../../../core/model-call/message-reader.ts';
import { priceCall } from '../../../core/pricing/cost.ts';
import { requestOfMessage } from '../../../core/pricing/price-request.ts';
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
