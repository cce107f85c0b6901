import { describe, expect, it } from '@jest/globals';
import { decodeEvent, encodeEvent, type EventRecord } from '../../core/event.ts';

const event: EventRecord = {
  timestamp: Date.UTC(2026, 10, 21, 8, 0, 0, 123),
  'event.name': 'agent.tool_call',
  'gen_ai.tool.name': 'search_docs',
  'tool.ok': false,
  'tool.input_keys': ['limit', 'query'],
  duration_ms: 12,
};

describe('one JSON line per event', () => {
  it('survives a round trip', () => {
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
  });

  it('is one line with an ISO time', () => {
    const line = encodeEvent({ ...event, 'error.type': 'two\nlines' });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ timestamp: '2026-11-21T08:00:00.123Z' });
  });

  it('leaves out what the schema does not know, and values of a wrong type', () => {
    const line = JSON.stringify({ ...JSON.parse(encodeEvent(event)), nonsense: 1, duration_ms: 'long' });
    const { duration_ms: _, ...rest } = event;
    expect(decodeEvent(line)).toEqual(rest);
  });

  it.each([
    '',
    'null',
    '[]',
    '{"event.name":"agent.run"}',
    '{"timestamp":"2026-11-21T08:00:00Z","event.name":"x"}',
  ])('refuses %j', (line) => {
    expect(decodeEvent(line)).toBeUndefined();
  });
});
