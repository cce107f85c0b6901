// LangGraph by OpenInference, which calls what has "agent" in its name an agent: the step of a graph that asks the model is
// a part of the graph's run, and a graph within a graph is what its name says.

import { expect, it } from '@jest/globals';
import { all, CALL, COST, runs, TOOL, type Shape } from './trace-shapes.ts';

const KIND = 'openinference.span.kind';
const SCOPE = 'openinference.instrumentation.langchain';

function graph(id: string, kind: string, metadata: object, more: Partial<Shape> = {}): Shape {
  const attributes = { [KIND]: kind, metadata: JSON.stringify({ ls_integration: 'langgraph', ...metadata }) };
  return { id, scope: SCOPE, ms: 1000, attributes, ...more };
}

const stepOf = (id: string, path: string, more: Partial<Shape>): Shape =>
  graph(id, 'AGENT', { langgraph_node: id, langgraph_checkpoint_ns: path }, more);

it('an agent of create_react_agent is one run of the name that it was given', () => {
  const found = runs(
    all(
      graph('weather', 'CHAIN', { thread_id: 't-1' }),
      stepOf('agent', 'agent:1', { in: 'weather' }),
      { id: 'ask', in: 'agent', scope: SCOPE, attributes: CALL },
      { id: 'search', in: 'weather', at: 200, scope: SCOPE, attributes: TOOL },
    ),
  );
  expect(found).toMatchObject([
    {
      'gen_ai.agent.name': 'weather',
      'gen_ai.conversation.id': 't-1',
      'agent.turns': 1,
      'agent.tool_calls': 1,
      'agent.cost_nano_usd': COST,
    },
  ]);
});

it('a graph without a name names no agent', () => {
  const found = runs(
    all(graph('LangGraph', 'CHAIN', {}), stepOf('agent', 'agent:1', { in: 'LangGraph' }), {
      id: 'ask',
      in: 'agent',
      scope: SCOPE,
      attributes: CALL,
    }),
  );
  expect(found.map((run) => [run['gen_ai.agent.name'], run['agent.turns']])).toEqual([[undefined, 1]]);
});

it('an agent that is a step of another graph is a run in its run', () => {
  const path = 'math_agent:1';
  const found = runs(
    all(
      graph('team_agent', 'AGENT', {}),
      { id: 'plan', in: 'team_agent', scope: SCOPE, attributes: CALL },
      stepOf('math_agent', path, { in: 'team_agent', at: 200 }),
      // The graph, whose name is that of its step.
      {
        ...graph('graph', 'AGENT', {
          langgraph_node: 'math_agent',
          langgraph_checkpoint_ns: path,
          checkpoint_ns: path,
        }),
        name: 'math_agent',
        in: 'math_agent',
        at: 200,
      },
      { id: 'sum', in: 'graph', at: 300, scope: SCOPE, attributes: CALL },
    ),
  );
  expect(new Map(found.map((run) => [run['gen_ai.agent.name'], run['agent.turns']]))).toEqual(
    new Map([
      ['math_agent', 1],
      ['team_agent', 1],
    ]),
  );
  expect(found).toHaveLength(2);
});
