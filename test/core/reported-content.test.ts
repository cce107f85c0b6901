// What others say of a conversation, under their keys, as a recorded call has it.

import { describe, expect, it } from '@jest/globals';
import { conversationOf, conversationTexts } from '../../core/model-call/conversation.ts';
import { readSpanContent } from '../../core/reported-content/span-content.ts';
import { readRecording } from '../fixtures/recorded-spans.ts';

type Attributes = Readonly<Record<string, unknown>>;

function textsOf(attributes: Attributes): ReturnType<typeof conversationTexts> {
  const content = readSpanContent(attributes);
  const conversation = conversationOf(content?.requestJson, content?.responseJson, undefined);
  if (conversation === undefined) throw new Error('the span says nothing');
  return conversationTexts(conversation);
}

const CALL = '→ weather {"city":"Bern"}';
const RESULT = '← result of weather: 11 degrees';
const TALK = `[user]\nHow is the weather?\n\n[assistant]\nI look.\n${CALL}\n\n[user]\n${RESULT}`;

const json = JSON.stringify;
const OPENINFERENCE: Attributes = {
  'llm.input_messages.0.message.role': 'system',
  'llm.input_messages.0.message.content': 'Be brief.',
  'llm.input_messages.1.message.role': 'user',
  'llm.input_messages.1.message.contents.0.message_content.type': 'text',
  'llm.input_messages.1.message.contents.0.message_content.text': 'How is the weather?',
  'llm.input_messages.2.message.role': 'assistant',
  'llm.input_messages.2.message.content': 'I look.',
  'llm.input_messages.2.message.tool_calls.0.tool_call.id': 't1',
  'llm.input_messages.2.message.tool_calls.0.tool_call.function.name': 'weather',
  'llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments': '{"city":"Bern"}',
  'llm.input_messages.3.message.role': 'tool',
  'llm.input_messages.3.message.tool_call_id': 't1',
  'llm.input_messages.3.message.content': '11 degrees',
  'llm.tools.0.tool.json_schema': json({
    name: 'weather',
    description: 'by city',
    input_schema: { type: 'object' },
  }),
  'llm.output_messages.0.message.role': 'assistant',
  'llm.output_messages.0.message.content': '11 °C.',
};
const CONVENTIONS: Attributes = {
  'gen_ai.system_instructions': json([{ type: 'text', content: 'Be brief.' }]),
  'gen_ai.input.messages': json([
    { role: 'user', parts: [{ type: 'text', content: 'How is the weather?' }] },
    {
      role: 'assistant',
      parts: [
        { type: 'text', content: 'I look.' },
        { type: 'tool_call', id: 't1', name: 'weather', arguments: { city: 'Bern' } },
      ],
    },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 't1', response: '11 degrees' }] },
  ]),
  'gen_ai.tool.definitions': json([
    { type: 'function', name: 'weather', description: 'by city', parameters: { type: 'object' } },
  ]),
  'gen_ai.output.messages': json([{ role: 'assistant', parts: [{ type: 'text', content: '11 °C.' }] }]),
};
const AI_SDK: Attributes = {
  'ai.prompt.messages': json([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'How is the weather?' }] },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I look.' },
        { type: 'tool-call', toolCallId: 't1', toolName: 'weather', input: { city: 'Bern' } },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 't1',
          toolName: 'weather',
          output: { type: 'text', value: '11 degrees' },
        },
      ],
    },
  ]),
  'ai.prompt.tools': [
    json({ type: 'function', name: 'weather', description: 'by city', inputSchema: { type: 'object' } }),
  ],
  'ai.response.text': '11 °C.',
};
const OPENLLMETRY: Attributes = {
  'gen_ai.prompt.0.role': 'system',
  'gen_ai.prompt.0.content': 'Be brief.',
  'gen_ai.prompt.1.role': 'user',
  'gen_ai.prompt.1.content': '[{"type":"text","text":"How is the weather?"}]',
  'gen_ai.prompt.2.role': 'assistant',
  'gen_ai.prompt.2.content': 'I look.',
  'gen_ai.prompt.2.tool_calls.0.id': 't1',
  'gen_ai.prompt.2.tool_calls.0.name': 'weather',
  'gen_ai.prompt.2.tool_calls.0.arguments': '{"city":"Bern"}',
  'gen_ai.prompt.3.role': 'tool',
  'gen_ai.prompt.3.tool_call_id': 't1',
  'gen_ai.prompt.3.content': '11 degrees',
  'llm.request.functions.0.name': 'weather',
  'llm.request.functions.0.description': 'by city',
  'llm.request.functions.0.parameters': '{"type":"object"}',
  'gen_ai.completion.0.role': 'assistant',
  'gen_ai.completion.0.content': '11 °C.',
};
const STRUCTURED: Attributes = Object.fromEntries(
  Object.entries(CONVENTIONS).map(([key, value]) => [key, JSON.parse(String(value)) as unknown]),
);

describe('a span of another emitter', () => {
  it.each([
    ['OpenInference', OPENINFERENCE],
    ['the conventions', CONVENTIONS],
    ['the conventions, as structured values', STRUCTURED],
    ['AI SDK', AI_SDK],
    ['OpenLLMetry', OPENLLMETRY],
  ])('has its conversation as the API would: %s', (_name, attributes) => {
    expect(textsOf(attributes)).toEqual({
      system: 'Be brief.',
      tools: 'weather: by city\n{\n  "type": "object"\n}',
      messages: TALK,
      answer: '11 °C.',
    });
  });

  it('has bodies that were sent and came as they are', () => {
    const request = {
      model: 'claude-sonnet-5-5',
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hi' }],
    };
    const response = {
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'text', text: 'Hello' }],
      usage: {},
    };
    expect(
      readSpanContent({
        ...OPENINFERENCE,
        'input.value': json(request),
        'output.value': json(response),
      }),
    ).toEqual({ requestJson: json(request), responseJson: json(response), isCut: false });
  });

  it('has what stands on its events', () => {
    const content = readSpanContent({}, [
      { name: 'gen_ai.user.message', attributes: { content: 'Hi' } },
      { name: 'gen_ai.choice', attributes: { message: 'Hello' } },
    ]);
    expect([content?.requestJson, content?.responseJson]).toEqual([
      expect.stringContaining('"text":"Hi"'),
      expect.stringContaining('"text":"Hello"'),
    ]);
  });

  it.each([
    'ai-sdk-5',
    'ai-sdk-6',
    'ai-sdk-7',
    'logfire',
    'openinference-over-native',
    'pydantic-ai-over-native',
  ])('recorded of %s has its prompt and its calls', (name) => {
    const spans = readRecording(name).spans.map(({ attributes }) => readSpanContent(attributes));
    const texts = spans.map((content) => `${content?.requestJson ?? ''}${content?.responseJson ?? ''}`);
    expect(texts.some((text) => text.includes('SECRET-PROMPT') && text.includes('"tool_use"'))).toBe(true);
  });

  it.each([
    ['nothing', {}],
    ['other keys', { 'http.route': '/ask', 'input.value': '', 'gen_ai.request.model': 'claude-sonnet-5-5' }],
    ['no messages', { 'gen_ai.input.messages': '[]', 'llm.input_messages.x': 1 }],
  ])('that says nothing has none: %s', (_name, attributes) => {
    expect(readSpanContent(attributes)).toBeUndefined();
  });

  it.each([
    ['cut JSON', { 'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"te' }],
    ['deep JSON', { 'input.value': `${'['.repeat(100_000)}${']'.repeat(100_000)}` }],
    [
      'odd messages',
      { 'gen_ai.input.messages': json([null, 3, { role: 'user', parts: [null, { type: 5 }, []] }]) },
    ],
    ['far indices', { 'llm.input_messages.99999999999.message.role': 'user' }],
    ['a deep key', { [`llm.input_messages.${'a.'.repeat(50_000)}`]: 1 }],
    ['a key of the prototype', { 'llm.input_messages.0.__proto__.role': 'user' }],
  ])('that is broken breaks nothing: %s', (_name, attributes) => {
    expect(() => readSpanContent(attributes)).not.toThrow();
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
  });

  it('says where it is too long, and masks secrets', () => {
    const text = 'x'.repeat(1_100_000);
    expect(readSpanContent({ 'ai.prompt.messages': json([{ role: 'user', content: text }]) })).toEqual({
      requestJson: undefined,
      responseJson: undefined,
      isCut: true,
    });
    const key = `sk-ant-api03-${'a1B2'.repeat(20)}`;
    const said = readSpanContent({ 'ai.prompt.messages': json([{ role: 'user', content: `my ${key}` }]) });
    expect(said?.requestJson).not.toContain(key);
  });
});
