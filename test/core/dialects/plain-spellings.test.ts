// The conventions' own names in another spelling, and left blank.

import { expect, it } from '@jest/globals';
import { AGENT, all, CALL, COST, runs, TOOL } from '../foreign-runs/trace-shapes.ts';

const inCapitals = (attributes: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...attributes,
  'gen_ai.operation.name': String(attributes['gen_ai.operation.name']).toUpperCase(),
});

it('reads operations in capitals', () => {
  const found = runs(
    all(
      { id: 'agent', ms: 1000, attributes: inCapitals(AGENT) },
      { id: 'call', in: 'agent', attributes: inCapitals(CALL) },
      { id: 'tool', in: 'agent', at: 200, attributes: inCapitals(TOOL) },
    ),
  );
  expect(found).toMatchObject([{ 'agent.turns': 1, 'agent.tool_calls': 1, 'agent.cost_nano_usd': COST }]);
});

it('takes the model that was asked for where that of the answer is blank', () => {
  const [call] = all({ id: 'call', attributes: { ...CALL, 'gen_ai.response.model': '' } });
  expect(call).toMatchObject({ 'gen_ai.response.model': 'claude-opus-5-5', cost_nano_usd: COST });
});
