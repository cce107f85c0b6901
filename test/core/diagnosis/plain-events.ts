// The least that an event of a call or of a tool needs to be measured.

import type { EventRecord } from '../../../core/event.ts';

export function call(fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: 1_000,
    'event.name': 'agent.model_call',
    'agent.run_id': 'run',
    'agent.step_number': 1,
    'gen_ai.response.model': 'm',
    cost_nano_usd: 100,
    ...fields,
  };
}

export function tool(fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: 1_000,
    'event.name': 'agent.tool_call',
    'agent.run_id': 'run',
    'agent.step_number': 1,
    'gen_ai.tool.name': 'search',
    ...fields,
  };
}
