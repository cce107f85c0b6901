// The agents of the Vercel AI SDK from version 6 on: objects of the class ToolLoopAgent, with an `id`. It names the agent
// where the program gives its telemetry no name. Version 7 shows the operation itself; there only the id is handed on.

import { AsyncLocalStorage } from 'node:async_hooks';
import { asJson, asText } from '../../core/model-call/json.ts';
import { guard } from '../process/guard.ts';
import { identityIn } from '../record/framework-context.ts';
import { Operation } from '../record/operations.ts';
import type { WireCalls } from '../wire/wire-calls.ts';
import { openMethod, replaceMethods, wholeMethod } from './agent-class.ts';

interface ToolLoopAgent {
  readonly id?: unknown;
  readonly settings?: unknown;
}

interface CalledAgent {
  id: string | undefined;
}

const called = new AsyncLocalStorage<CalledAgent>();

export function observeToolLoopAgent(calls: WireCalls, agentClass: unknown, version: string): void {
  const showsOperations = Number.parseInt(version, 10) >= 7;
  replaceMethods(agentClass, ['generate', 'stream'], (method, name) => {
    if (!showsOperations) {
      return name === 'generate'
        ? wholeMethod(calls, method, 0, beginOperation)
        : openMethod(method, 0, beginOperation);
    }
    return function (this: unknown, ...parameters) {
      const id = guard('agent id', () => asText((this as ToolLoopAgent).id));
      return called.run({ id }, () => method.apply(this, parameters));
    };
  });
}

/** The id of the agent that an operation is begun for; what its tools begin is not the agent's. */
export function takeCalledAgentId(): string | undefined {
  const agent = called.getStore();
  const id = agent?.id;
  if (agent !== undefined) agent.id = undefined;
  return id;
}

function beginOperation(agent: unknown, options: unknown, hasEnd: boolean): Operation {
  const { id, settings } = agent as ToolLoopAgent;
  const telemetry = asJson(
    asJson(options)['experimental_telemetry'] ?? asJson(settings)['experimental_telemetry'],
  );
  return new Operation({
    agentName: asText(telemetry['functionId']) ?? asText(id),
    identity: identityIn(telemetry['metadata']),
    hasEnd,
  });
}
