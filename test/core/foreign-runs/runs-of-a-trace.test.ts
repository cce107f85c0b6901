// Runs of a trace, by shape: what is a run, what is nested, what counts twice, and what is not there yet.

import { describe, expect, it } from '@jest/globals';
import type { FactSpan } from '../../../core/dialects.ts';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import type { EventRecord } from '../../../core/event.ts';
import { readSpanFacts } from '../../../core/dialects/span-facts.ts';

const START = Date.UTC(2026, 10, 20);
const TRACE = 'a'.repeat(32);

/** `at` and `ms` are milliseconds from the start of the trace and of the span. */
interface Shape {
  readonly id: string;
  readonly in?: string;
  readonly at?: number;
  readonly ms?: number;
  readonly isError?: boolean;
  readonly kind?: number;
  readonly scope?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const idOf = (id: string): string => Buffer.from(id.padEnd(8, '.')).toString('hex').slice(0, 16);

function spanOf({ id, at = 0, ms = 100, ...shape }: Shape): FactSpan {
  const isError = shape.isError === true;
  const name = id;
  return {
    name,
    traceId: TRACE,
    spanId: idOf(id),
    parentSpanId: shape.in === undefined ? '' : idOf(shape.in),
    startMs: START + at,
    endMs: START + at + ms,
    isError,
    resource: { 'service.name': 'shop' },
    facts: readSpanFacts({
      name,
      scopeName: shape.scope ?? 'any',
      attributes: shape.attributes,
      isError,
      spanKind: shape.kind,
    }),
  };
}

const AGENT = { 'gen_ai.operation.name': 'invoke_agent' };
const CALL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-opus-5-5',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
};
/** 1 000×4 + 100×20 micro-USD. */
const COST = 6_000_000;
const TOOL = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' };
const WEB = { 'http.request.method': 'GET' };

const all = (...shapes: Shape[]): EventRecord[] => assembleTrace(shapes.map(spanOf));
const runs = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.run');
const started = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.run.started');
const calls = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.model_call');
const countedCalls = (events: readonly EventRecord[]): EventRecord[] =>
  calls(events).filter((event) => event['tallyspan.duplicate'] !== true);

describe('a run', () => {
  it('is the outermost agent, also below a web request; two agents are two runs', () => {
    const events = all(
      { id: 'web', attributes: WEB, kind: 2, ms: 900 },
      { id: 'one', in: 'web', attributes: { ...AGENT, 'gen_ai.agent.name': 'one' }, at: 10 },
      { id: 'call1', in: 'one', attributes: CALL, at: 20 },
      { id: 'two', in: 'web', attributes: { ...AGENT, 'gen_ai.agent.name': 'two' }, at: 300, isError: true },
      { id: 'call2', in: 'two', attributes: CALL, at: 310 },
      { id: 'call3', in: 'two', attributes: CALL, at: 350 },
    );
    expect(runs(events)).toMatchObject([
      { 'gen_ai.agent.name': 'one', 'agent.turns': 1, 'agent.cost_nano_usd': COST, 'agent.status': 'ok' },
      {
        'gen_ai.agent.name': 'two',
        'agent.turns': 2,
        'agent.cost_nano_usd': 2 * COST,
        'agent.status': 'error',
      },
    ]);
    expect(new Set(runs(events).map((run) => run['agent.run_id'])).size).toBe(2);
    for (const run of runs(events)) expect(run['agent.parent_run_id']).toBeUndefined();
  });

  it('is what is above the calls where no agent is, with the status of its last call', () => {
    const events = all(
      { id: 'web', attributes: { ...WEB, 'user.id': 'u-1' }, ms: 900, kind: 2, in: 'far' },
      { id: 'call1', in: 'web', attributes: CALL, at: 20 },
      {
        id: 'call2',
        in: 'web',
        attributes: { ...CALL, 'http.response.status_code': 529 },
        at: 200,
        isError: true,
      },
    );
    expect(runs(events)).toMatchObject([
      {
        'agent.run_id': TRACE,
        'agent.turns': 2,
        'agent.status': 'error',
        'error.type': 'overloaded_error',
        'user.id': 'u-1',
        duration_ms: 900,
      },
    ]);
  });

  it('has begun and not ended while what is above its calls has not come', () => {
    const events = all({ id: 'call1', in: 'web', attributes: CALL, at: 20 });
    expect([started(events).length, runs(events).length]).toEqual([1, 0]);
    expect(calls(events)[0]?.['agent.run_id']).toBe(started(events)[0]?.['agent.run_id']);
  });

  it('is not made of a call that is alone in its trace, nor of web requests', () => {
    expect(started(all({ id: 'call1', attributes: CALL }))).toEqual([]);
    expect(all({ id: 'web', attributes: WEB }, { id: 'sql', in: 'web', attributes: {} })).toEqual([]);
  });

  it('within a run is nested, and its totals are beside those of the outer one', () => {
    const events = all(
      { id: 'outer', attributes: { ...AGENT, 'user.id': 'u-1', 'gen_ai.conversation.id': 's-1' }, ms: 900 },
      { id: 'call1', in: 'outer', attributes: CALL, at: 10 },
      { id: 'tool', in: 'outer', attributes: TOOL, at: 150, ms: 500 },
      { id: 'inner', in: 'tool', attributes: { ...AGENT, 'gen_ai.agent.name': 'searcher' }, at: 160 },
      { id: 'call2', in: 'inner', attributes: CALL, at: 170 },
      { id: 'call3', in: 'outer', attributes: CALL, at: 700 },
    );
    const outer = runs(events).find((run) => run['agent.parent_run_id'] === undefined);
    const inner = runs(events).find((run) => run['agent.parent_run_id'] !== undefined);
    expect(outer).toMatchObject({
      'agent.turns': 2,
      'agent.tool_calls': 1,
      'agent.cost_nano_usd': 2 * COST,
      'agent.nested_runs': 1,
      'agent.nested_turns': 1,
      'agent.nested_cost_nano_usd': COST,
    });
    expect(inner).toMatchObject({
      'agent.parent_run_id': outer?.['agent.run_id'],
      'agent.turns': 1,
      'agent.cost_nano_usd': COST,
      'user.id': 'u-1',
      'gen_ai.conversation.id': 's-1',
      'gen_ai.agent.name': 'searcher',
    });
  });

  it('has no cost, which is not 0, where its calls have no price', () => {
    const attributes = { ...CALL, 'gen_ai.request.model': 'claude-zeta-9' };
    const events = all({ id: 'agent', attributes: AGENT }, { id: 'call', in: 'agent', attributes });
    expect([runs(events).length, runs(events)[0]?.['agent.cost_nano_usd']]).toEqual([1, undefined]);
  });

  it('is no nameless agent of OpenInference around one other; around two, or by others, it is', () => {
    const nameless = { 'openinference.span.kind': 'AGENT' };
    const named = { ...nameless, 'agent.name': 'guide' };
    const idsOf = (...shapes: Shape[]): string[] =>
      runs(all(...shapes, { id: 'c', in: 'b', at: 5, ms: 5, attributes: CALL }))
        .map((run) => String(run.span_id))
        .toSorted((a, b) => a.localeCompare(b));
    const inner: Shape = { id: 'b', in: 'a', at: 1, ms: 50, attributes: named };
    expect(idsOf({ id: 'a', attributes: nameless }, inner)).toEqual([idOf('b')]);
    expect(idsOf({ id: 'a', attributes: AGENT }, inner)).toEqual([idOf('a'), idOf('b')]);
    expect(idsOf({ id: 'a', attributes: named }, inner)).toEqual([idOf('a'), idOf('b')]);
    const second: Shape = { id: 'd', in: 'a', at: 60, ms: 20, attributes: named };
    expect(idsOf({ id: 'a', attributes: nameless }, inner, second)).toEqual([
      idOf('a'),
      idOf('b'),
      idOf('d'),
    ]);
  });

  it('is a workflow only where it runs calls itself or holds no agent', () => {
    const workflow = { 'gen_ai.operation.name': 'invoke_workflow' };
    const around = all(
      { id: 'flow', attributes: workflow, ms: 900 },
      { id: 'agent', in: 'flow', attributes: AGENT, at: 10 },
      { id: 'call1', in: 'agent', attributes: CALL, at: 20 },
    );
    expect(runs(around)).toHaveLength(1);
    const chain = all(
      { id: 'flow', attributes: workflow, ms: 900 },
      { id: 'chain', in: 'flow', attributes: workflow, at: 10 },
      { id: 'call1', in: 'chain', attributes: CALL, at: 20 },
    );
    expect(runs(chain)).toMatchObject([{ 'agent.turns': 1, 'agent.run_id': TRACE }]);
    expect(started(all({ id: 'flow', attributes: workflow }))).toEqual([]);
    expect(runs(all({ id: 'flow', attributes: workflow, isError: true }))).toMatchObject([
      { 'agent.turns': 0, 'agent.status': 'error' },
    ]);
  });

  it('counts repeats after failures of a tool, and attempts of calls, as retries', () => {
    const events = all(
      { id: 'agent', attributes: AGENT, ms: 900 },
      { id: 'call1', in: 'agent', attributes: { ...CALL, attempts: 3 }, at: 10 },
      { id: 'tool1', in: 'agent', attributes: TOOL, at: 200, isError: true },
      { id: 'tool2', in: 'agent', attributes: TOOL, at: 400 },
    );
    expect(runs(events)).toMatchObject([{ 'agent.retries': 3, 'agent.tool_calls': 2 }]);
  });

  it('of agents whose names are in the names of their spans', () => {
    const events = all({ id: 'invoke_agent support', attributes: AGENT });
    expect(runs(events)).toMatchObject([{ 'gen_ai.agent.name': 'support' }]);
    const turn = all({ id: 'x', attributes: { 'gen_ai.operation.name': 'handle_conversation_turn' } });
    expect(runs(turn)).toHaveLength(1);
  });
});

describe('one call', () => {
  const below = { ...CALL, 'gen_ai.response.id': 'msg_1' };

  it('told of by a span and by the one directly below it counts once, the better informed', () => {
    const events = all(
      { id: 'agent', attributes: AGENT, ms: 900 },
      { id: 'outer', in: 'agent', attributes: { ...CALL, 'gen_ai.usage.input_tokens': 990 }, at: 10 },
      { id: 'inner', in: 'outer', attributes: below, at: 12 },
    );
    expect(calls(events)).toHaveLength(2);
    expect(countedCalls(events)).toMatchObject([{ span_id: idOf('inner'), 'gen_ai.response.id': 'msg_1' }]);
    expect(runs(events)).toMatchObject([{ 'agent.turns': 1, 'agent.cost_nano_usd': COST }]);
  });

  it.each<readonly [string, Record<string, unknown>]>([
    ['another model', { ...CALL, 'gen_ai.request.model': 'claude-sonnet-4-5' }],
    ['other counts', { ...CALL, 'gen_ai.usage.input_tokens': 9000 }],
  ])('within a call of %s is another one', (_what, outer) => {
    const events = all(
      { id: 'outer', attributes: outer, ms: 300 },
      { id: 'inner', in: 'outer', attributes: below, at: 12 },
    );
    expect(countedCalls(events)).toHaveLength(2);
  });

  const CHAIN = { 'openinference.span.kind': 'CHAIN' };
  const NAMELESS = {
    'openinference.span.kind': 'LLM',
    'llm.model_name': 'claude-opus-5-5',
    'llm.token_count.prompt': 1000,
    'llm.token_count.completion': 100,
  };
  const SDK = 'com.anthropic.sdk.python';
  const native = (id: string, at: number): Shape => ({
    id,
    in: 'web',
    at,
    ms: 50,
    scope: SDK,
    attributes: { ...CALL, 'gen_ai.response.id': `msg_${id}`, 'anthropic.request.id': `req_${id}` },
  });
  const web: Shape = { id: 'web', ms: 900, kind: 2, attributes: WEB };

  it.each([
    ['the same response', (id: string) => ({ 'gen_ai.response.id': `msg_${id}` })],
    ['no response', () => ({})],
  ])(
    'told of by a framework, and by the SDK beside it, counts once, in the run of the agent: %s',
    (_, named) => {
      const events = all(
        web,
        { id: 'guide', in: 'web', ms: 800, attributes: CHAIN },
        { id: 'one', in: 'guide', ms: 60, attributes: { ...NAMELESS, ...named('n1') } },
        { id: 'two', in: 'guide', at: 200, ms: 60, attributes: { ...NAMELESS, ...named('n2') } },
        native('n1', 5),
        native('n2', 205),
      );
      expect(runs(events)).toMatchObject([
        { span_id: idOf('guide'), 'agent.turns': 2, 'agent.cost_nano_usd': 2 * COST },
      ]);
      expect(countedCalls(events).map((call) => call.span_id)).toEqual([idOf('n1'), idOf('n2')]);
      for (const call of calls(events)) expect(call['agent.run_id']).toBe(runs(events)[0]?.['agent.run_id']);
    },
  );

  it('told of by the SDK with other counts, at another time, or once more is another call', () => {
    const events = all(
      web,
      { id: 'guide', in: 'web', ms: 800, attributes: CHAIN },
      { id: 'one', in: 'guide', ms: 60, attributes: NAMELESS },
      { ...native('n1', 5), attributes: { ...native('n1', 5).attributes, 'gen_ai.usage.output_tokens': 99 } },
      native('n2', 205),
      native('n3', 6),
      native('n4', 7),
    );
    expect(countedCalls(events)).toHaveLength(4);
  });

  it('of several within one span is what counts, and not the span', () => {
    const events = all(
      { id: 'outer', attributes: { ...CALL, 'gen_ai.usage.input_tokens': 2000 }, ms: 300 },
      { id: 'one', in: 'outer', attributes: CALL, at: 12 },
      { id: 'two', in: 'outer', attributes: CALL, at: 150 },
    );
    expect(countedCalls(events).map((call) => call.span_id)).toEqual([idOf('one'), idOf('two')]);
  });

  it('that our own instrumentation saw as well is its: no second call, no second run', () => {
    const own = { ...CALL, 'agent.run_id': 'f'.repeat(32) };
    const events = all(
      { id: 'agent', attributes: AGENT, ms: 900, scope: 'ai' },
      { id: 'outer', in: 'agent', attributes: CALL, at: 10 },
      { id: 'inner', in: 'outer', attributes: own, at: 12, scope: 'com.anthropic.sdk.typescript' },
      { id: 'tool', in: 'agent', attributes: TOOL, at: 200 },
    );
    expect([countedCalls(events), started(events), runs(events)]).toEqual([[], [], []]);
  });
});

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
});

describe('what is no call', () => {
  it.each(['embeddings', 'retrieval', 'guardrail', 'prompt', 'rerank'])(
    '%s is a step of its own kind',
    (operation) => {
      const events = all(
        { id: 'agent', attributes: AGENT, ms: 900 },
        {
          id: 'step',
          in: 'agent',
          attributes: { 'gen_ai.operation.name': operation, 'gen_ai.request.model': 'm' },
        },
      );
      expect(calls(events)).toEqual([]);
      expect(events).toContainEqual(
        expect.objectContaining({
          'event.name': 'agent.note',
          'agent.note.kind': 'step',
          'agent.note.subject': operation,
          'agent.run_id': TRACE,
        }),
      );
    },
  );
});

it('circles of parents and spans that come twice end in a whole', () => {
  const events = all(
    { id: 'a', in: 'b', attributes: CALL },
    { id: 'b', in: 'a', attributes: AGENT },
    { id: 'b', in: 'a', attributes: AGENT },
    { id: 'self', in: 'self', attributes: CALL },
  );
  expect(calls(events)).toHaveLength(2);
});
