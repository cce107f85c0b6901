// Runs of a trace, by shape: what is a run, what is nested, what counts twice, and what is not there yet.

import { describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { AGENT, all, CALL, COST, idOf, runs, TOOL, TRACE, WEB, type Shape } from './trace-shapes.ts';

const started = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.run.started');
const calls = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.model_call');
const countedCalls = (events: readonly EventRecord[]): EventRecord[] =>
  calls(events).filter((event) => event['tallyspan.duplicate'] !== true);
/** Span ids of the runs of these with a call in the span b. */
const idsOf = (...shapes: Shape[]): string[] =>
  runs(all(...shapes, { id: 'c', in: 'b', at: 5, ms: 5, attributes: CALL }))
    .map((run) => String(run.span_id))
    .toSorted((a, b) => a.localeCompare(b));

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
