// A stream of server-sent events comes out the same wherever the network cut it, and however its deltas are written.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { EventStream, isEventStream } from '../../../core/model-call/event-stream.ts';
import { MessageReader } from '../../../core/model-call/message-reader.ts';

const TEXT =
  ': hello\n\nevent: a\ndata: {"type":"a","text":"x\\ny"}\n\nid: 1\r\ndata: {"type":\r\ndata: "b"}\r\n\r\n' +
  'data: no json\n\ndata: {"type":"r"}\r\rid: 2\rdata: {"type":"s"}\n\r\ndata:{"type":"c"}';
const EVENTS = [{ type: 'a', text: 'x\ny' }, { type: 'b' }, { type: 'r' }, { type: 's' }, { type: 'c' }];

describe('an event stream', () => {
  it.each([1, 2, 3, 7, 1_000])('in pieces of %i characters', (length) => {
    const stream = new EventStream();
    const events: unknown[] = [];
    for (let at = 0; at < TEXT.length; at += length) events.push(...stream.push(TEXT.slice(at, at + length)));
    expect([...events, ...stream.end()]).toEqual(EVENTS);
    expect(stream.end()).toEqual([]);
  });

  it.each([
    ['event: message_start\ndata: {}\n\n', true],
    ['data: {}\n\n', true],
    [': comment\n\n', true],
    ['{"data": 1}', false],
    ['', false],
    ['<html>data: x</html>', false],
  ])('%j begins one: %p', (text, expected) => {
    expect(isEventStream(text)).toBe(expected);
  });
});

const KINDS = [
  ['text', 'text_delta', 'text'],
  ['thinking', 'thinking_delta', 'thinking'],
  ['tool_use', 'input_json_delta', 'partial_json'],
] as const;
const plain = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('word ', 'never', ' of many') },
  { weight: 2, arbitrary: plain },
  {
    weight: 2,
    arbitrary: fc.constantFrom('"', '\\', 'C:\\', '{"a":', '\n', '\r\n', '"}}', '\ud83d', '\ude00', ''),
  },
);
const others = fc.constantFrom<object>(
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 's' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'more', note: 'x' } },
  { type: 'content_block_delta', index: 7, delta: { type: 'text_delta', text: 'of no block' } },
);
const blocks = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    parts: fc.array(fc.oneof({ weight: 12, arbitrary: texts }, { weight: 1, arbitrary: others }), {
      maxLength: 30,
    }),
  }),
  { minLength: 1, maxLength: 4 },
);

function eventsOf(list: readonly { kind: (typeof KINDS)[number]; parts: (string | object)[] }[]): object[] {
  const events: object[] = [
    { type: 'message_start', message: { id: 'm', model: 'x', usage: { input_tokens: 1 } } },
  ];
  for (const [index, { kind, parts }] of list.entries()) {
    const [type, delta, key] = kind;
    const begun =
      type === 'tool_use' ? { type, id: `t${String(index)}`, name: 'n', input: {} } : { type, [key]: '' };
    events.push({ type: 'content_block_start', index, content_block: begun });
    for (const part of parts) {
      if (typeof part === 'object') events.push(part);
      else events.push({ type: 'content_block_delta', index, delta: { type: delta, [key]: part } });
    }
    events.push({ type: 'content_block_stop', index });
  }
  return events;
}

/** As servers write them: with and without blanks, names, ids and comments, and whatever ends their lines. */
function written(
  events: readonly object[],
  style: { isSpaced: boolean; head: string; tailEach: number; end: string },
): string {
  const json = (value: object): string =>
    style.isSpaced
      ? JSON.stringify(value, undefined, 1)
          .replaceAll(/\n */g, ' ')
          .replaceAll(/\{ | \}/g, (brace) => brace.trim())
      : JSON.stringify(value);
  return events
    .map((event, at) => {
      const tail = at % style.tailEach === 1 ? 'retry: 1\n' : '';
      return `${style.head.replace('#', String(at))}data: ${json(event)}\n${tail}\n`;
    })
    .join('')
    .replaceAll('\n', style.end);
}

it('however deltas are written and cut, the message is the one that its events make', () => {
  fc.assert(
    fc.property(
      blocks,
      fc.record({
        isSpaced: fc.boolean(),
        head: fc.constantFrom('event: e\n', '', 'id: #\n', ': c\nevent: e\n'),
        tailEach: fc.constantFrom(1, 2, 3),
        end: fc.constantFrom('\n', '\r\n', '\r'),
      }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      fc.option(fc.nat(4_000), { nil: undefined }),
      (list, style, cuts, brokenAt) => {
        const events = eventsOf(list);
        let text = written(events, style);
        // An event that is no JSON counts as none; the others stand.
        const broken = `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\"}}\n\n`;
        if (brokenAt !== undefined) {
          const heads = text.split(style.head + 'data: ');
          const at = brokenAt % heads.length;
          heads.splice(1 + at, 0, broken.slice('data: '.length).replaceAll('\n', style.end));
          text = heads.join(style.head + 'data: ');
        }
        const stream = new EventStream();
        const read = new MessageReader(true);
        let count = 0;
        for (let at = 0, turn = 0; at < text.length; turn += 1) {
          const next = at + (cuts[turn % cuts.length] ?? 1);
          for (const event of stream.push(text.slice(at, next))) {
            read.readEvent(event);
            count += 1;
          }
          at = next;
        }
        const expected = new MessageReader(true);
        for (const event of events) expected.readEvent(event);
        expect(read.message).toEqual(expected.message);
        expect(read.shapes).toEqual(expected.shapes);
        expect(count).toBeLessThanOrEqual(events.length);
      },
    ),
    { numRuns: 300 },
  );
});

const delta = (text: string): string =>
  `event: content_block_delta\ndata: ${JSON.stringify(textDelta(text))}\n\n`;
const textDelta = (text: string): object => ({
  type: 'content_block_delta',
  index: 3,
  delta: { type: 'text_delta', text },
});

it('deltas that follow one another come as one, with all their text', () => {
  const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
  const stream = new EventStream();
  const [last, ...first] = ['f', 'a', 'b "q"', 'c\\', 'd'].map(delta);
  expect(stream.push(first.join('') + ping + delta('e') + (last ?? '').slice(0, 90))).toEqual([
    textDelta('a'),
    textDelta('b "q"c\\d'),
    { type: 'ping' },
    textDelta('e'),
  ]);
  expect(stream.push((last ?? '').slice(90) + delta('g'))).toEqual([textDelta('f'), textDelta('g')]);
});

/** @param text as JSON, or nearly */
const deltaOf = (text: string): string =>
  `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}`;

const textOf = (events: readonly unknown[]): string =>
  events.map((event) => (event as { delta: { text: string } }).delta.text).join('');

it.each(['a\\', 'a","text":"b', 'a\\x', '","b'])('a delta of %j, which is no text', (broken) => {
  const deltas = ['one', 'two', broken, 'never', 'last'].map(deltaOf);
  const parsed = deltas.flatMap((data) => {
    try {
      return JSON.parse(data) as unknown;
    } catch {
      return [];
    }
  });
  const events = new EventStream().push(deltas.map((data) => `data: ${data}\n\n`).join(''));
  expect(textOf(events)).toBe(textOf(parsed));
});
