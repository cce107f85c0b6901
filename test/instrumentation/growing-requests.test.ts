// Requests that grow: what is read of one is the same as if it were read whole, whatever was sent before.

import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { asList, type Json } from '../../core/model-call/json.ts';
import { readRequest } from '../../instrumentation/record/request-facts.ts';
import { GrowingRequests } from '../../instrumentation/wire/request/growing-requests.ts';
import { SentBody } from '../../instrumentation/wire/request/sent-body.ts';

const parse = (body: Buffer | string): Json => JSON.parse(body.toString()) as Json;
const write = (request: object): string => JSON.stringify(request);

/** How many messages were read of each request, of all that it has; every fact is compared. */
function readAll(texts: readonly string[], kinds: readonly string[] = []): number[] {
  const requests = new GrowingRequests();
  return texts.map((text, index) => {
    const read = requests.read(kinds[index] ?? 'messages', Buffer.from(text), parse);
    const whole = parse(text);
    expect(read?.facts).toEqual(readRequest(whole, true));
    const { messages: _read, ...rest } = read?.params ?? {};
    const { messages: _all, ...expected } = whole;
    expect(rest).toEqual(expected);
    return asList(read?.params['messages']).length;
  });
}

const said = (length: number, text = 'word'): object[] =>
  Array.from({ length }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${text} ${index} — „é😀“ `.repeat(8),
  }));
const TOOLS = [{ name: 'lookup', input_schema: { type: 'object', properties: { messages: [] } } }];
const conversation = (length: number, more: object = {}): string =>
  write({ model: 'm', system: 'be kind', messages: said(length), tools: TOOLS, ...more });

it('of a conversation that goes on only the new messages are read, from the third request on', () => {
  expect(readAll([1, 3, 5, 7, 9].map((length) => conversation(length)))).toEqual([1, 3, 2, 2, 2]);
});

it('a request that is sent again, one with fewer messages, and one that goes on in another way', () => {
  const other = write({
    model: 'm',
    system: 'be kind',
    messages: [...said(4), { role: 'user', content: 'else' }],
    tools: TOOLS,
  });
  const texts = [conversation(5), conversation(5), conversation(5), conversation(3), other, conversation(7)];
  expect(readAll(texts)).toEqual([5, 5, 1, 1, 2, 2]);
});

const turn = (length: number, count: number): string[] =>
  Array.from({ length: count }, (_, name) => write({ model: 'm', messages: said(length, `c${name}`) }));

it('conversations beside each other, and more of them than are kept', () => {
  const few = [2, 4, 6].flatMap((length) => turn(length, 5));
  expect(readAll(few).slice(10)).toEqual([2, 2, 2, 2, 2]);
  expect(readAll([2, 4, 6].flatMap((length) => turn(length, 20))).slice(40)).toEqual(Array(20).fill(6));
});

it('requests of another kind, or with other settings, are of another conversation', () => {
  const texts = [1, 3, 5, 7].map((length) => conversation(length));
  expect(readAll(texts, ['a', 'a', 'b', 'b'])).toEqual([1, 3, 5, 7]);
  expect(readAll([1, 3, 5].map((length) => conversation(length, { max_tokens: length })))).toEqual([1, 3, 5]);
  expect(readAll([1, 3, 5].map((length) => write({ max_tokens: length, messages: said(length) })))).toEqual([
    1, 3, 5,
  ]);
});

it.each([
  ['blanks', (request: object) => JSON.stringify(request, undefined, 2)],
  ['escapes', (request: object) => write(request).replaceAll('w', String.raw`\u0077`)],
  ['blanks behind colons', (request: object) => write(request).replaceAll('"role":', '"role": ')],
])('a text that is not written as JSON.stringify does: %s', (_, writeOddly) => {
  const texts = [1, 3, 5].map((length) => writeOddly({ model: 'm', messages: said(length) }));
  expect(readAll(texts)).toEqual([1, 3, 5]);
});

it('messages of something else in the request', () => {
  const texts = [1, 3, 5].map((length) =>
    write({ metadata: { messages: said(length) }, model: 'm', messages: said(3) }),
  );
  expect(readAll(texts)).toEqual([3, 3, 3]);
  // The last of two counts.
  const twice = [1, 3, 5].map(
    (length) => `{"messages":${write(said(length))},"model":"m","messages":${write(said(2, 'x'))}}`,
  );
  expect(readAll(twice)).toEqual([2, 2, 2]);
});

const blocks = fc.oneof(
  fc.constantFrom('plain', 'é😀', '"},{"role":"user"', '],"messages":['),
  fc.array(
    fc.oneof(
      fc.record({
        type: fc.constant('text'),
        text: fc.string(),
        cache_control: fc.option(fc.constant({ type: 'ephemeral' }), { nil: undefined }),
      }),
      fc.record({ type: fc.constant('tool_result'), tool_use_id: fc.string(), content: fc.string() }),
      fc.record({ type: fc.constant('tool_use'), id: fc.string(), name: fc.string(), input: fc.jsonValue() }),
    ),
    { maxLength: 3 },
  ),
);
const message = fc.record({ role: fc.constantFrom('user', 'assistant'), content: blocks });
/** What a conversation does before it asks again. */
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ add: fc.array(message, { maxLength: 3 }) }) },
  fc.record({ cut: fc.nat(3) }),
  fc.record({ replace: fc.nat(5), by: message }),
  fc.record({ settings: fc.constantFrom({}, { cache_control: { type: 'ephemeral' } }, { thread: {} }) }),
);
const STARTS = [
  { model: 'm', system: 'be kind' },
  { model: 'm', system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }] },
];

it('any conversations in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ of: fc.nat(1), change }), { maxLength: 30 }), (steps) => {
      const opening = {
        role: 'user',
        content: 'a beginning that is long enough to be known again '.repeat(4),
      };
      const open = STARTS.map((start) => ({ start, messages: [opening] as object[], settings: {} }));
      const texts = steps.map(({ of, change: step }) => {
        const one = open[of] as (typeof open)[number];
        if ('add' in step) one.messages.push(...step.add);
        if ('cut' in step) one.messages.splice(Math.max(1, one.messages.length - step.cut));
        if ('replace' in step && step.replace < one.messages.length) one.messages[step.replace] = step.by;
        if ('settings' in step) one.settings = step.settings;
        return write({ ...one.start, messages: one.messages, tools: TOOLS, ...one.settings });
      });
      expect(readAll(texts)).toHaveLength(texts.length);
    }),
    { numRuns: 300 },
  );
});

it.each([1, 2, 7, 1_000])('a body in pieces of %i bytes, whose memory is used again', (pieceBytes) => {
  const body = Buffer.from('{"text":"é — 😀 plain"}');
  const sent = new SentBody();
  for (let at = 0; at < body.length; at += pieceBytes) {
    const piece = Buffer.from(body.subarray(at, at + pieceBytes));
    sent.add(piece, true);
    piece.fill(0);
  }
  expect(sent).toHaveLength(body.length);
  expect(sent.take()).toEqual(body);
});

it('a body that is larger than any request is not kept', () => {
  const sent = new SentBody();
  for (let piece = 0; piece < 33; piece += 1) sent.add(Buffer.alloc(1024 * 1024), false);
  expect([sent.isTooLarge, sent.take()]).toEqual([true, Buffer.alloc(0)]);
});
