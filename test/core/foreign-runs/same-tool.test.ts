// One tool call that several spans tell of, by shape: of one emitter, of two, and of our own instrumentation.

import { describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { AGENT, all, CALL, runs, TOOL, WEB, type Shape } from './trace-shapes.ts';

const tools = (events: readonly EventRecord[]): (boolean | undefined)[] =>
  events
    .filter((event) => event['event.name'] === 'agent.tool_call')
    .map((event) => event['tallyspan.duplicate']);

describe('one tool call', () => {
  const named = { ...TOOL, 'gen_ai.tool.call.id': 'toolu_1' };

  it('told of by a span and by those within it counts once, however far within', () => {
    const events = all(
      { id: 'agent', ms: 900, attributes: AGENT },
      { id: 'call', in: 'agent', attributes: CALL },
      { id: 'tool', in: 'agent', at: 200, attributes: named, isError: true },
      { id: 'client', in: 'tool', at: 210, ms: 50, attributes: TOOL },
      { id: 'http', in: 'client', at: 215, ms: 40, attributes: WEB },
      { id: 'server', in: 'http', at: 220, ms: 10, kind: 2, attributes: TOOL },
    );
    expect(tools(events)).toEqual([undefined, true, true]);
    expect(runs(events)).toMatchObject([{ 'agent.tool_calls': 1, 'agent.retries': 0 }]);
  });

  it('told of at the same time under one id counts once; repeated after it, it is another', () => {
    const events = all(
      { id: 'agent', ms: 900, attributes: AGENT },
      { id: 'call', in: 'agent', attributes: CALL },
      { id: 'one', in: 'agent', at: 200, attributes: named, isError: true },
      { id: 'same', in: 'agent', at: 210, attributes: named },
      { id: 'again', in: 'agent', at: 400, attributes: named },
    );
    expect(tools(events)).toEqual([undefined, true, undefined]);
    expect(runs(events)).toMatchObject([{ 'agent.tool_calls': 2, 'agent.retries': 1 }]);
  });

  it('in another tool, or of an agent that a tool asked, is one of its own', () => {
    const events = all(
      { id: 'agent', ms: 900, attributes: AGENT },
      { id: 'call', in: 'agent', attributes: CALL },
      { id: 'tool', in: 'agent', at: 200, attributes: TOOL },
      { id: 'other', in: 'tool', at: 210, attributes: { ...TOOL, 'gen_ai.tool.name': 'fetch' } },
      { id: 'inner', in: 'tool', at: 220, attributes: AGENT },
      { id: 'call2', in: 'inner', at: 230, attributes: CALL },
      { id: 'same', in: 'inner', at: 240, attributes: TOOL },
    );
    expect(tools(events)).toEqual([undefined, undefined, undefined]);
  });

  it.each<readonly [string, Record<string, unknown>]>([
    ['the id', named],
    ['the name', TOOL],
  ])('that our own instrumentation tells of beside another emitter counts there, by %s', (_what, other) => {
    const own = { scope: 'tallyspan', 'agent.run_id': 'f'.repeat(32) };
    const ofOwn = (id: string, at: number, ms: number, attributes: Record<string, unknown>): Shape => ({
      id,
      in: 'around',
      at,
      ms,
      scope: 'tallyspan',
      attributes: { ...attributes, ...own },
    });
    const events = all(
      { id: 'around', ms: 900, attributes: { 'http.request.method': 'POST' } },
      ofOwn('call', 10, 90, CALL),
      ofOwn('tool', 100, 300, named),
      { id: 'first', in: 'around', at: 120, ms: 100, attributes: other },
      { id: 'later', in: 'around', at: 500, ms: 100, attributes: TOOL },
      { id: 'asked', in: 'tool', at: 130, ms: 200, attributes: AGENT },
      { id: 'call2', in: 'asked', at: 140, ms: 50, attributes: CALL },
      { id: 'inner', in: 'asked', at: 200, ms: 50, attributes: TOOL },
    );
    // The one that another agent ran, inside of our tool; then those beside it.
    expect(tools(events)).toEqual([undefined, true, undefined]);
  });

  it.each<readonly [string, Record<string, unknown>]>([
    ['the id', named],
    ['the name', TOOL],
  ])(
    'that our own instrumentation tells of inside of another emitter’s counts there, by %s',
    (_what, other) => {
      const own = { scope: 'tallyspan' };
      const attributes = { 'agent.run_id': 'f'.repeat(32) };
      const events = all(
        { id: 'around', ms: 900, attributes: { 'http.request.method': 'POST' } },
        { id: 'call', in: 'around', at: 10, ms: 90, attributes: { ...CALL, ...attributes }, ...own },
        { id: 'outer', in: 'around', at: 100, ms: 300, attributes: other },
        { id: 'tool', in: 'outer', at: 120, ms: 200, attributes: { ...named, ...attributes }, ...own },
      );
      expect(tools(events)).toEqual([true]);
    },
  );
});
