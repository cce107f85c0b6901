// Runs of recorded traces: what real emitters sent comes to the same as the program seen by our own instrumentation.

import { describe, expect, it } from '@jest/globals';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import { markDuplicates } from '../../../core/duplicates.ts';
import type { EventRecord } from '../../../core/event.ts';
import { CALL_COSTS, CONVERSATION, factSpanOf, readRecording } from '../../fixtures/recorded-spans.ts';

function eventsOf(name: string): EventRecord[] {
  const spans = readRecording(name).spans.map((span) => factSpanOf(span));
  const traces = new Set(spans.map(({ traceId }) => traceId));
  return [...traces].flatMap((trace) => assembleTrace(spans.filter(({ traceId }) => traceId === trace)));
}

function counted(events: readonly EventRecord[], name: EventRecord['event.name']): EventRecord[] {
  return events.filter((event) => event['event.name'] === name && event['tallyspan.duplicate'] !== true);
}

describe('a conversation with an agent', () => {
  it.each([
    ['ai-sdk-5', 'cust-7', 'sess-1', 'priced'],
    ['ai-sdk-6', 'cust-7', 'sess-1', 'priced'],
    ['ai-sdk-7', 'cust-7', 'sess-1', 'estimated'],
    ['langchain-by-openinference', 'cust-7', 'sess-1', 'priced'],
    ['mastra', 'cust-7', 'sess-1', 'estimated'],
    ['pydantic-ai-over-native', 'cust-7', expect.stringMatching(/^01a2/), 'estimated'],
  ])('of %s is one run', (name, user, session, status) => {
    const events = eventsOf(name);
    const identity = { 'user.id': user, 'gen_ai.conversation.id': session, 'gen_ai.agent.name': 'support' };
    const [run, ...others] = counted(events, 'agent.run');
    expect(others).toEqual([]);
    expect(run).toMatchObject({ ...CONVERSATION, ...identity });
    expect(counted(events, 'agent.run.started')).toMatchObject([identity]);
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => call.cost_nano_usd)).toEqual(CALL_COSTS);
    expect(calls.map((call) => call['agent.step_number'])).toEqual([1, 2, 3]);
    const tools = counted(events, 'agent.tool_call');
    expect(tools.map((tool) => [tool['gen_ai.tool.name'], tool['agent.step_number']])).toEqual([
      ['weather', 1],
      ['search', 2],
    ]);
    for (const event of [...calls, ...tools])
      expect(event).toMatchObject({ 'agent.run_id': run?.['agent.run_id'], ...identity });
    expect(new Set(calls.map((call) => call['tallyspan.cost.status']))).toEqual(new Set([status]));
  });

  it('of the AI SDK is the same where the id of the function stands behind the names of its spans', () => {
    const { spans } = readRecording('ai-sdk-6');
    const renamed = spans.map((span) =>
      factSpanOf(span.name.startsWith('ai.') ? { ...span, name: `${span.name} support` } : span),
    );
    const events = assembleTrace(renamed);
    expect(counted(events, 'agent.run')).toMatchObject([CONVERSATION]);
    expect(events.filter((event) => event['event.name'] === 'agent.model_call')).toHaveLength(3);
    expect(counted(events, 'agent.tool_call').map((tool) => tool['gen_ai.tool.name'])).toEqual([
      'weather',
      'search',
    ]);
  });

  it('of the SDK’s own tool runner is one run, of nobody that it names', () => {
    const events = eventsOf('native-tool-runner');
    expect(counted(events, 'agent.run')).toMatchObject([CONVERSATION]);
    expect(counted(events, 'agent.model_call').map((call) => call.cost_nano_usd)).toEqual(CALL_COSTS);
    expect(counted(events, 'agent.tool_call').map((tool) => tool['gen_ai.tool.name'])).toEqual([
      'weather',
      'search',
    ]);
  });

  it('of LangChain by OpenLLMetry, in a workflow of Traceloop, is its run; nothing is said of the cache', () => {
    const events = eventsOf('langchain-by-openllmetry');
    expect(counted(events, 'agent.run')).toMatchObject([
      {
        ...CONVERSATION,
        'gen_ai.agent.name': 'desk',
        'agent.tokens_in': 1350,
        'agent.cost_nano_usd': 7_650_000,
      },
    ]);
    expect(counted(events, 'agent.model_call').map((call) => call['gen_ai.agent.name'])).toEqual(
      CALL_COSTS.map(() => 'desk'),
    );
  });

  it('under a web request is a run of its own, nested in nothing', () => {
    const [run] = counted(eventsOf('pydantic-ai-over-native'), 'agent.run');
    expect(run?.['agent.parent_run_id']).toBeUndefined();
    expect(run?.['agent.run_id']).not.toBe(run?.trace_id);
    expect(run?.['agent.run_id']).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('calls with nothing above them', () => {
  it.each(['openinference-over-native', 'logfire'])('of %s count once each, and are no runs', (name) => {
    const events = eventsOf(name);
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => call.cost_nano_usd)).toEqual(CALL_COSTS.slice(0, 2));
    expect(counted(events, 'agent.run.started')).toEqual([]);
    const all = events.filter((event) => event['event.name'] === 'agent.model_call').length;
    expect(all).toBe(name === 'logfire' ? 2 : 4);
  });

  it('are known by the names that both reports give their response', () => {
    const calls = counted(eventsOf('openinference-over-native'), 'agent.model_call');
    // OpenInference has the whole usage, the SDK's own span the ids.
    for (const call of calls)
      expect(call).toMatchObject({
        'tallyspan.cost.status': 'priced',
        'gen_ai.response.id': expect.stringMatching(/^msg_rec/),
        'anthropic.request.id': expect.stringMatching(/^req_rec/),
      });
  });

  it('in traces of their own are left to whoever compares responses', () => {
    const calls = counted(eventsOf('openllmetry-over-native'), 'agent.model_call');
    expect(markDuplicates(calls).filter((call) => call['tallyspan.duplicate'] !== true)).toHaveLength(2);
  });
});
