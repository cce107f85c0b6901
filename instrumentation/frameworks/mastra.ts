// Mastra: its agents are objects of one class. What is asked while a method of an agent works is asked by that agent; the
// options of the call name the thread and the resource.

import { context } from '@opentelemetry/api';
import { asJson, asText } from '../../core/model-call/json.ts';
import { follow } from '../follow/follow.ts';
import { guard } from '../process/guard.ts';
import { identityIn } from '../record/framework-context.ts';
import { mergeIdentity, type Identity } from '../record/identity.ts';
import { Operation, runInOperation } from '../record/operations.ts';
import { errorName } from '../sdk/api-errors.ts';
import type { WireCalls } from '../wire/wire-calls.ts';

/** Methods that bring the whole answer: when they end, the agent has. */
const WHOLE = ['generate', 'generateLegacy', 'resumeGenerate'] as const;
/** Methods that bring what the answer is read from. */
const OPEN = [
  'stream',
  'streamLegacy',
  'resumeStream',
  'network',
  'streamUntilIdle',
  'resumeStreamUntilIdle',
] as const;

type Method = (this: unknown, ...parameters: unknown[]) => unknown;

const observed = new WeakSet<object>();

export function observeMastraAgent(calls: WireCalls, agentClass: unknown): void {
  const { prototype } = (agentClass ?? {}) as { readonly prototype?: Record<string, unknown> };
  if (prototype === undefined || observed.has(prototype)) return;
  observed.add(prototype);
  for (const name of WHOLE) replace(prototype, name, (method) => wholeMethod(calls, method));
  for (const name of OPEN) replace(prototype, name, openMethod);
}

function replace(prototype: Record<string, unknown>, name: string, wrap: (method: Method) => Method): void {
  const described = Object.getOwnPropertyDescriptor(prototype, name);
  const method: unknown = described?.value;
  if (typeof method !== 'function') return;
  const wrapped = wrap(method as Method);
  Object.defineProperties(wrapped, {
    name: { value: name, configurable: true },
    length: { value: method.length, configurable: true },
  });
  Object.defineProperty(prototype, name, { ...described, value: wrapped });
}

function wholeMethod(calls: WireCalls, method: Method): Method {
  return function (this: unknown, ...parameters) {
    const operation = beginOperation(this, parameters[1], true);
    if (operation === undefined) return method.apply(this, parameters);
    const end = (errorType?: string): void => {
      if (operation.run !== undefined) calls.endHeldOf(operation.run);
      calls.observer.runs.endOperation(operation, errorType);
    };
    return follow(context.active(), () => runInOperation(operation, () => method.apply(this, parameters)), {
      completed: () => {
        end();
      },
      failed: (error) => {
        end(errorName(error));
      },
      left: () => {
        end();
      },
      handedOn: () => {
        end();
      },
    });
  };
}

function openMethod(method: Method): Method {
  return function (this: unknown, ...parameters) {
    const operation = beginOperation(this, parameters[1], false);
    return operation === undefined
      ? method.apply(this, parameters)
      : runInOperation(operation, () => method.apply(this, parameters));
  };
}

function beginOperation(agent: unknown, options: unknown, hasEnd: boolean): Operation | undefined {
  return guard('mastra agent', () => {
    const { name, id } = agent as { readonly name?: unknown; readonly id?: unknown };
    return new Operation({
      agentName: asText(name) ?? asText(id),
      identity: identityOf(asJson(options)),
      hasEnd,
    });
  });
}

/** What is said for telemetry counts before what is said for the memory. */
function identityOf({
  memory,
  threadId,
  resourceId,
  tracingOptions,
}: Readonly<Record<string, unknown>>): Identity {
  const { thread, resource } = asJson(memory);
  const remembered = identityIn({
    threadId: asText(thread) ?? asJson(thread)['id'] ?? threadId,
    resourceId: resource ?? resourceId,
  });
  return mergeIdentity(remembered, identityIn(asJson(tracingOptions)['metadata']));
}
