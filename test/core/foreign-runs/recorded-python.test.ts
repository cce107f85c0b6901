// Runs of recorded traces of Python: each emitter told of the same agent, run against the same API, and comes to the run
// that this was, to the nano-dollar.

import { describe, expect, it } from '@jest/globals';
import { markDuplicates } from '../../../core/duplicates.ts';
import type { EventRecord } from '../../../core/event.ts';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import { readSpanFacts } from '../../../core/dialects/span-facts.ts';
import { CALL_COSTS, CONVERSATION, factSpanOf, readRecording } from '../../fixtures/recorded-spans.ts';

function eventsOf(name: string, folder = 'python'): EventRecord[] {
  const spans = readRecording(`${folder}/${name}`).spans.map((span) => factSpanOf(span));
  const traces = new Set(spans.map(({ traceId }) => traceId));
  return markDuplicates(
    [...traces].flatMap((trace) => assembleTrace(spans.filter(({ traceId }) => traceId === trace))),
  );
}

function counted(events: readonly EventRecord[], name: EventRecord['event.name']): EventRecord[] {
  return events.filter((event) => event['event.name'] === name && event['tallyspan.duplicate'] !== true);
}

const BOTH = ['weather', 'search'];
const TOLD = { 'user.id': 'cust-7', 'gen_ai.conversation.id': 'sess-1' };
const SESSION = { 'gen_ai.conversation.id': 'sess-1' };

/** Emitter, the agent that it names, the tools that it sees, who it says that the run was for. */
const EMITTERS: readonly (readonly [string, string | undefined, readonly string[], object])[] = [
  ['agent-framework', 'support', BOTH, {}],
  ['agno-by-openinference', 'support', BOTH, TOLD],
  ['crewai-by-openinference', 'support', BOTH, {}],
  ['crewai-by-openllmetry', 'support', [], {}],
  ['google-adk', 'support', BOTH, SESSION],
  ['google-adk-over-litellm', 'support', BOTH, SESSION],
  ['haystack-by-openinference', undefined, [], {}],
  ['langchain-by-langsmith', 'support', BOTH, TOLD],
  ['langchain-by-openinference', 'support', BOTH, TOLD],
  ['langchain-by-openllmetry', 'support', BOTH, TOLD],
  ['langchain-streamed-below-a-request', 'support', BOTH, TOLD],
  ['laminar', undefined, BOTH, TOLD],
  ['langfuse', 'support', BOTH, TOLD],
  ['langwatch', undefined, BOTH, TOLD],
  ['litellm', undefined, [], { 'user.id': 'cust-7' }],
  ['litellm-by-openinference', undefined, [], {}],
  ['llamaindex-by-openinference', 'FunctionAgent', BOTH, {}],
  ['llamaindex-by-openllmetry', 'FunctionAgent.workflow', BOTH, {}],
  ['mlflow', 'support', BOTH, {}],
  ['openlit', undefined, [], {}],
  ['openllmetry', 'support', BOTH, TOLD],
  ['pydantic-ai-by-logfire', 'support', BOTH, {}],
  ['smolagents-by-openinference', 'support', [...BOTH, 'final_answer'], {}],
  ['strands', 'support', BOTH, TOLD],
];

describe('a conversation with an agent in Python', () => {
  it.each(EMITTERS)('by %s is one run of three calls, each counted once', (name, agent, tools, identity) => {
    const events = eventsOf(name);
    const [run, ...others] = counted(events, 'agent.run');
    expect(others).toEqual([]);
    expect(run).toMatchObject({ ...CONVERSATION, 'agent.tool_calls': tools.length, ...identity });
    expect([run?.['gen_ai.agent.name'], run?.['agent.nested_runs']]).toEqual([agent, undefined]);
    expect(counted(events, 'agent.run.started')).toMatchObject([identity]);
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => [call.cost_nano_usd, call['agent.step_number']])).toEqual(
      CALL_COSTS.map((cost, index) => [cost, index + 1]),
    );
    const toolCalls = counted(events, 'agent.tool_call');
    expect(toolCalls.map((tool) => [tool['gen_ai.tool.name'], tool['agent.step_number']])).toEqual(
      tools.map((tool, index) => [tool, index + 1]),
    );
    for (const event of [...calls, ...toolCalls])
      expect(event).toMatchObject({ 'agent.run_id': run?.['agent.run_id'], ...identity });
    for (const call of calls) {
      expect(call['gen_ai.agent.name']).toBe(agent);
      expect(call['gen_ai.response.model']).toMatch(/^claude-sonnet-4-5/);
    }
  });

  it('by Strands has its times to the first chunk in milliseconds, however long it took', () => {
    expect(counted(eventsOf('strands'), 'agent.model_call').map((call) => call.ttft_ms)).toEqual([
      114, 7, 49,
    ]);
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.server.time_to_first_token': 500 };
    const slow = {
      name: 'chat',
      scopeName: 'strands.telemetry.tracer',
      attributes,
      durationMs: 599_000,
      isError: false,
    };
    expect(readSpanFacts(slow).standard.ttft_ms).toBe(500);
    expect(readSpanFacts({ ...slow, scopeName: 'any' }).standard.ttft_ms).toBe(500_000);
  });

  it('streamed by LiteLLM is three calls of the user, each a trace of its own', () => {
    const events = eventsOf('litellm-streamed');
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => [call.cost_nano_usd, call['tallyspan.cost.status'], call['user.id']])).toEqual(
      CALL_COSTS.map((cost) => [cost, 'priced', 'cust-7']),
    );
    expect(counted(events, 'agent.run')).toEqual([]);
  });

  it('by OpenLIT for LangChain says nothing of the cache, and its nodes are no agents', () => {
    const events = eventsOf('langchain-by-openlit');
    expect(counted(events, 'agent.run')).toMatchObject([
      {
        'agent.turns': 3,
        'agent.tool_calls': 2,
        'agent.tokens_in': 1350,
        'gen_ai.agent.name': 'support',
        ...SESSION,
      },
    ]);
  });

  it('by the OpenAI Agents SDK says nothing of the cache: all input is priced as such, as an estimate', () => {
    const events = eventsOf('openai-agents-by-openinference');
    expect(counted(events, 'agent.run')).toMatchObject([
      { ...CONVERSATION, 'agent.cost_nano_usd': 55_050_000, 'gen_ai.agent.name': 'support' },
    ]);
    for (const call of counted(events, 'agent.model_call'))
      expect(call).toMatchObject({
        'tallyspan.cost.status': 'estimated',
        'gen_ai.provider.name': 'anthropic',
      });
  });
});

describe('calls of Bedrock below a web request', () => {
  /** The profile is that of a region: a tenth more. */
  const REGIONAL = CALL_COSTS.map((cost) => (cost * 11) / 10);

  it.each([
    ['converse-by-openinference', REGIONAL, 'cache_lifetime_unknown'],
    ['converse-by-opentelemetry', REGIONAL, 'cache_lifetime_unknown'],
    // An id without a profile is that of a region.
    ['converse-by-openllmetry', REGIONAL, 'cache_lifetime_unknown'],
    // Which profile was asked it does not say.
    ['invoke-by-openinference', CALL_COSTS, 'profile_scope_unknown'],
  ])('%s are a run, and an estimate', (name, costs, reason) => {
    const events = eventsOf(name, 'bedrock');
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => call.cost_nano_usd)).toEqual(costs);
    for (const call of calls)
      expect(call).toMatchObject({
        'tallyspan.cost.status': 'estimated',
        'gen_ai.provider.name': 'aws.bedrock',
      });
    expect(calls[0]?.['tallyspan.cost.reason']).toBe(reason);
    expect(counted(events, 'agent.run')).toMatchObject([
      {
        ...CONVERSATION,
        'agent.tool_calls': 0,
        'agent.cost_nano_usd': costs.reduce((sum, cost) => sum + cost, 0),
      },
    ]);
  });
});

describe('a model with a provider in front', () => {
  const COUNTS = { 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 10 };
  const modelOf = (model: string, provider: string | undefined, scopeName = 'my_app'): unknown[] => {
    const attributes = { ...COUNTS, 'gen_ai.request.model': model, 'gen_ai.provider.name': provider };
    const { standard } = readSpanFacts({ name: 'ask', scopeName, attributes, isError: false });
    return [standard['gen_ai.response.model'], standard['gen_ai.provider.name']];
  };

  it.each([
    ['anthropic/claude-sonnet-4-5', 'anthropic', 'my_app', 'claude-sonnet-4-5', 'anthropic'],
    [
      'anthropic/claude-sonnet-4-5',
      'strands-agents',
      'strands.telemetry.tracer',
      'claude-sonnet-4-5',
      'anthropic',
    ],
    ['litellm/anthropic/claude-sonnet-4-5', undefined, 'litellm', 'claude-sonnet-4-5', 'anthropic'],
    [
      'bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws.bedrock',
      'my_app',
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws.bedrock',
    ],
    [
      'bedrock/us-west-2/anthropic.claude-opus-4-5-20251101-v1:0',
      undefined,
      'litellm',
      'anthropic.claude-opus-4-5-20251101-v1:0',
      'aws.bedrock',
    ],
    [
      'vertex_ai/claude-sonnet-4-5@20250929',
      'vertex_ai',
      'my_app',
      'claude-sonnet-4-5@20250929',
      'gcp.vertex_ai',
    ],
  ])('%s of %s by %s is %s of %s', (model, provider, scope, plain, named) => {
    expect(modelOf(model, provider, scope)).toEqual([plain, named]);
  });

  it.each([
    ['anthropic/claude-sonnet-4.5', 'openrouter', 'my_app'],
    ['anthropic/claude-opus-5', 'openai', 'my_app'],
    ['anthropic/claude-opus-5', undefined, 'my_app'],
    ['openrouter/anthropic/claude-opus-5', 'openrouter', 'litellm'],
  ])('%s of %s by %s stays the name of a gateway', (model, provider, scope) => {
    expect(modelOf(model, provider, scope)[0]).toBe(model);
  });
});
