// A stream that is longer than any answer: passed over without losing what ends it, however the network cuts it.

import { describe, expect, it } from '@jest/globals';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { StreamText } from '../../instrumentation/wire/stream-text.ts';

const event = (data: object): string => `event: x\ndata: ${JSON.stringify(data)}\n\n`;
const deltaOf = (index: number): string =>
  event({
    type: 'content_block_delta',
    index,
    delta: {
      type: 'text_delta',
      text: 'it says {"type":"content_block_delta","index":1, and "type":"content_block_stop" – so',
    },
  });
const delta = deltaOf(0);
const endsOf = (index: number): object[] => [
  { type: 'content_block_stop', index },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];

function read(text: string, pieceBytes: number): { types: string[]; count: number } {
  const types: string[] = [];
  const stream = new StreamText((value) => types.push((value as { type: string }).type));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) stream.push(bytes.subarray(at, at + pieceBytes));
  return { types: types.filter((type, index) => type !== types[index - 1]), count: types.length };
}

it.each([
  [1, '\n'],
  [7, '\n'],
  [7, '\r\n'],
  [64, '\r\n'],
  [1, '\r'],
  [1, '\r\n'],
  [7, '\r'],
  [100_000, '\r'],
])('pieces of %i bytes and line ends %j: every event, every character', (pieceBytes, lineEnd) => {
  const texts = ['plain', 'é and 😀', 'a "quote" and a \\', '', ' \u2028 '];
  const stream = texts
    .map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }))
    .join('')
    .replaceAll('\n', lineEnd);
  const seen: unknown[] = [];
  const reader = new StreamText((value) => seen.push((value as { delta: { text: string } }).delta.text));
  const bytes = Buffer.from(stream);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  // Those that come together are one.
  expect(seen.join('')).toEqual(texts.join(''));
});

it.each([1, 5, 10_000])('line ends that vary, in pieces of %i bytes', (pieceBytes) => {
  const types = ['a', 'b', 'c', 'd'];
  const ends = ['\n', '\r', '\r\n', '\r'];
  const stream = types.map((type, index) => event({ type }).replaceAll('\n', ends[index] ?? '')).join('');
  expect(read(stream, pieceBytes).types).toEqual(types);
});

describe('a long stream', () => {
  const start = event({ type: 'message_start', message: { id: 'msg_1' } });
  const many = delta.repeat(30_000);
  const last = endsOf(0).map(event).join('');

  it.each([
    [97, 20_000],
    [1_000, 20_000],
    [65_536, 20_000],
    // One piece is looked at once.
    [10_000_000, 30_020],
  ])('in pieces of %i bytes', (pieceBytes, most) => {
    const { types, count } = read(
      start + many + last + deltaOf(1).repeat(5) + endsOf(1).map(event).join(''),
      pieceBytes,
    );
    const block = ['content_block_delta', 'content_block_stop', 'message_delta', 'message_stop'];
    expect(types).toEqual(['message_start', ...block, ...block]);
    expect(count).toBeLessThan(most);
  });

  it.each(['\r\n', '\r'])('with lines that end with %j', (lineEnd) => {
    const { types, count } = read((start + many + last).replaceAll('\n', lineEnd), 1_000);
    expect(types).toEqual([
      'message_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(count).toBeLessThan(20_000);
  });

  it('a block that begins in the midst of it is seen, with what it holds', () => {
    const begins = event({
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'tool_use', id: 't' },
    });
    const stream =
      start +
      many +
      event({ type: 'content_block_stop', index: 0 }) +
      begins +
      deltaOf(1).repeat(30_000) +
      last;
    const { types } = read(stream, 65_536);
    expect(types).toEqual([
      'message_start',
      'content_block_delta',
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('an error ends it, too', () => {
    expect(
      read(start + many + event({ type: 'error', error: { type: 'overloaded_error' } }), 1_000).types,
    ).toEqual(['message_start', 'content_block_delta', 'error']);
  });

  it('is parsed whole where it is written with blanks, since its end could not be told', () => {
    const spaced = (start + many + last).replaceAll('":"', '": "');
    expect(read(spaced, 65_536).count).toBe(30_004);
  });

  it.each([97, 1_000, 65_536])(
    'that is cut has about the length that it came to, in pieces of %i bytes',
    (pieceBytes) => {
      const begins = event({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'text', text: '' },
      });
      const bytes = Buffer.from(start + begins + many);
      const answer = new MessageReader();
      const stream = new StreamText(
        (value) => {
          answer.readEvent(value);
        },
        (index, chars) => {
          answer.passOver(index, chars);
        },
      );
      for (let at = 0; at < bytes.length; at += pieceBytes) stream.push(bytes.subarray(at, at + pieceBytes));
      const { text } = (JSON.parse(delta.slice(delta.indexOf('{'))) as { delta: { text: string } }).delta;
      expect(answer.outputLength / (text.length * 30_000)).toBeCloseTo(1, 1);
    },
  );
});
