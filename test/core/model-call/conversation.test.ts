import { describe, expect, it } from '@jest/globals';
import { conversationOf } from '../../../core/model-call/conversation.ts';

// What a call sent and got back, read from its JSON: whatever stands in it, it is only ever blocks of text.

const FIRST = { role: 'user', content: 'Where is it?' };
const CALL = { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: { a: 1 } }] };
const RESULT = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'there' }] };

function requestOf(messages: readonly unknown[], more: object = {}): string {
  return JSON.stringify({
    model: 'claude-opus-5',
    system: 'Be brief.',
    tools: [{ name: 'look' }],
    messages,
    ...more,
  });
}

const blocksOf = (content: unknown): unknown =>
  conversationOf(requestOf([{ role: 'user', content }]), undefined, undefined)?.messages[0]?.blocks;

describe('what is new since the previous call', () => {
  it('begins after the messages that both have, wherever the cache ended', () => {
    const marked = {
      role: 'user',
      content: [{ type: 'text', text: 'Where is it?', cache_control: { type: 'ephemeral' } }],
    };
    const talk = conversationOf(requestOf([FIRST, CALL, RESULT]), undefined, requestOf([marked]));
    expect(talk?.messages.map(({ isNew }) => isNew)).toEqual([false, true, true]);
    expect([talk?.isSystemNew, talk?.areToolsNew]).toEqual([false, false]);
  });

  it.each([
    ['everything, of a first call', undefined, [true, true], [true, true]],
    [
      'everything from the first message that differs',
      requestOf([{ ...FIRST, content: 'Where?' }, CALL]),
      [true, true],
      [false, false],
    ],
    ['a changed prompt', requestOf([FIRST, CALL], { system: 'Be long.' }), [false, false], [true, false]],
    ['tools in another order', requestOf([FIRST, CALL], { tools: [] }), [false, false], [false, true]],
    ['everything, where the previous one cannot be read', 'no JSON', [true, true], [true, true]],
  ])('is %s', (_name, previous, messages, [system, tools]) => {
    const talk = conversationOf(requestOf([FIRST, CALL]), undefined, previous);
    expect(talk?.messages.map(({ isNew }) => isNew)).toEqual(messages);
    expect([talk?.isSystemNew, talk?.areToolsNew]).toEqual([system, tools]);
  });
});

describe('blocks', () => {
  it('name the tool of a result by the call in the same conversation', () => {
    const talk = conversationOf(requestOf([CALL, RESULT]), undefined, undefined);
    expect(talk?.messages[1]?.blocks).toEqual([
      {
        kind: 'tool_result',
        id: 't1',
        name: 'look',
        isError: false,
        blocks: [{ kind: 'text', text: 'there' }],
      },
    ]);
  });

  it.each([
    [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(40_000) } },
      'image/png, 30 kB',
    ],
    [
      {
        type: 'image',
        source: { type: 'base64', media_type: 'image/svg+xml', data: '<svg onload=alert(1)>' },
      },
      'image/svg+xml, 15 bytes',
    ],
    [{ type: 'image', source: { type: 'base64', data: '%%%' } }, 'unknown type, 2 bytes'],
    [{ type: 'image', source: { type: 'url', url: 'javascript:alert(1)' } }, 'from javascript:alert(1)'],
    [{ type: 'document', title: 'Terms', source: { type: 'file', file_id: 'file_1' } }, 'Terms, file file_1'],
    [{ type: 'image' }, 'unknown type'],
  ])('show of %j what it is and its size', (block, detail) => {
    expect(blocksOf([block])).toMatchObject([{ kind: 'file', what: block.type, detail }]);
  });

  it('have what is said beside a text: its citations, the text of a document, the server of a tool', () => {
    const citations = [{ type: 'char_location', cited_text: 'Paid on Monday.', document_index: 0 }];
    expect(blocksOf([{ type: 'text', text: 'Paid.', citations }])).toEqual([
      { kind: 'text', text: 'Paid.', citations },
    ]);
    expect(blocksOf([{ type: 'text', text: 'Paid.', citations: null }])).toEqual([
      { kind: 'text', text: 'Paid.' },
    ]);
    expect(
      blocksOf([
        { type: 'document', context: 'A letter.', source: { type: 'text', data: 'Dear Sir' } },
        {
          type: 'document',
          source: { type: 'content', content: [{ type: 'text', text: 'Of blocks' }, { type: 'image' }] },
        },
      ]),
    ).toMatchObject([
      { blocks: [{ text: 'A letter.' }, { text: 'Dear Sir' }] },
      { detail: 'given as blocks', blocks: [{ text: 'Of blocks' }, { kind: 'file', what: 'image' }] },
    ]);
    expect(
      blocksOf([{ type: 'mcp_tool_use', id: 'm1', name: 'find', server_name: 'crm', input: {} }]),
    ).toEqual([{ kind: 'tool_use', id: 'm1', name: 'find', server: 'crm', input: {} }]);
  });

  it.each([
    [{ type: 'web_fetch_tool_error', error_code: 'url_not_accessible' }, true],
    [{ type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' }, true],
    [{ type: 'bash_code_execution_result', stdout: '', stderr: 'no', return_code: 1 }, false],
    [[{ type: 'web_search_result', url: 'https://example.com' }], false],
  ])('tell an error of a tool of the API from a result: %j', (content, isError) => {
    expect(blocksOf([{ type: 'web_fetch_tool_result', tool_use_id: 't', content }])).toMatchObject([
      { isError },
    ]);
  });

  it('have a found text with its title and place', () => {
    const content = [{ type: 'text', text: 'found' }];
    expect(
      blocksOf([{ type: 'search_result', source: 'https://example.com', title: 'Docs', content }]),
    ).toEqual([
      {
        kind: 'file',
        what: 'search_result',
        detail: 'Docs, https://example.com',
        blocks: [{ kind: 'text', text: 'found' }],
      },
    ]);
  });

  it.each([[null], [7], ['text'], [{}], [{ type: 'server_thing', value: 1 }], [{ type: 'text' }], [[[]]]])(
    'that nobody knows, such as %j, stand as their JSON',
    (block) => {
      expect(blocksOf([block])).toEqual([expect.objectContaining({ kind: 'other', value: block })]);
    },
  );
});

it('a call of which a part is nested too deep is read, with that part as its text', () => {
  const deep = `${'[{"k":'.repeat(300)}"]}"${'}]'.repeat(300)}`;
  const answer = `{"content":[{"type":"tool_use","id":"t1","name":"look","input":{"a":${deep},"b":1}},{"type":"text","text":"after"}]}`;
  const talk = conversationOf(requestOf([FIRST]), answer, undefined);
  expect(talk?.messages).toHaveLength(1);
  const [use, after] = talk?.answer?.blocks ?? [];
  expect(use).toMatchObject({ kind: 'tool_use', name: 'look', input: { b: 1 } });
  expect(after).toEqual({ kind: 'text', text: 'after' });
  expect(JSON.stringify(use)).toContain('[{');
});
