// A stream of server-sent events comes out the same wherever the network cut it.

import { describe, expect, it } from '@jest/globals';
import { EventStream, isEventStream } from '../../../core/model-call/event-stream.ts';

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
