// What a whole Message says about its price.

import { describe, expect, it } from '@jest/globals';
import { readMessage } from '../../../core/pricing/message-facts.ts';
import { costNanoUsd, rawUsage } from './price-request.ts';

const hop = (model: unknown): object => ({ type: 'fallback', from: { model } });
const TEXT = { type: 'text', text: 'hello' };

describe('a Message', () => {
  it('names model, usage and stop reason', () => {
    const usage = rawUsage({ input: 1 });
    expect(
      readMessage({ type: 'message', model: 'm', usage, stop_reason: 'end_turn', content: [TEXT] }),
    ).toEqual({
      model: 'm',
      usage,
      stopReason: 'end_turn',
      hasOutput: true,
      isComplete: true,
      hasCodeExecution: false,
    });
  });

  it('without a model has an empty one, without content says nothing about output', () => {
    expect(readMessage({})).toEqual({
      model: '',
      usage: undefined,
      isComplete: true,
      hasCodeExecution: false,
    });
    expect(readMessage({ model: 5, content: 'x', stop_reason: 5 })).toEqual(readMessage({}));
  });

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
    expect(readMessage({ content: [hop(5)] })).not.toHaveProperty('requestedModel');
    expect(readMessage({ content: [{ type: 'fallback' }] })).not.toHaveProperty('requestedModel');
  });

  it('may carry who is billed', () => {
    expect(readMessage({ billing_policy: { bill_to: 'user_profile' } }).billTo).toBe('user_profile');
    expect(readMessage({ billing_policy: { bill_to: 5 } })).not.toHaveProperty('billTo');
    expect(readMessage({ billing_policy: null })).not.toHaveProperty('billTo');
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
    expect(readMessage(message).hasCodeExecution).toBe(expected);
  });

  it('is priced as it stands: an empty refusal is free', () => {
    const message = {
      type: 'message',
      model: 'claude-fable-5',
      content: [],
      stop_reason: 'refusal',
      usage: { input_tokens: 106, output_tokens: 1 },
    };
    expect(costNanoUsd(readMessage(message))).toBe(0);
  });
});
