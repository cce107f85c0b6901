// Agents that are objects of one class: what is asked while a method of an agent works is asked by that agent. Its methods
// are replaced on the class by ones that work inside of an operation.

import { context } from '@opentelemetry/api';
import { follow } from '../follow/follow.ts';
import { guard } from '../process/guard.ts';
import { runInOperation, type Operation } from '../record/operations.ts';
import { failureOf } from '../sdk/api-errors.ts';
import type { WireCalls } from '../wire/wire-calls.ts';

export type AgentMethod = (this: unknown, ...parameters: unknown[]) => unknown;

/** @param hasEnd whether the end of the method is the end of the agent's work */
export type BeginOperation = (agent: unknown, options: unknown, hasEnd: boolean) => Operation;

const observed = new WeakSet<object>();

/** Replaces methods of the class; a class is replaced once, however often it is handed over. */
export function replaceMethods(
  agentClass: unknown,
  names: readonly string[],
  wrap: (method: AgentMethod, name: string) => AgentMethod,
): void {
  const { prototype } = (agentClass ?? {}) as { readonly prototype?: Record<string, unknown> };
  if (prototype === undefined || observed.has(prototype)) return;
  observed.add(prototype);
  for (const name of names) {
    const described = Object.getOwnPropertyDescriptor(prototype, name);
    const method: unknown = described?.value;
    if (typeof method !== 'function') continue;
    const wrapped = wrap(method as AgentMethod, name);
    Object.defineProperties(wrapped, {
      name: { value: name, configurable: true },
      length: { value: method.length, configurable: true },
    });
    Object.defineProperty(prototype, name, { ...described, value: wrapped });
  }
}

/** A method that brings the whole answer: when it ends, the agent has. */
export function wholeMethod(
  calls: WireCalls,
  method: AgentMethod,
  optionsAt: number,
  begin: BeginOperation,
): AgentMethod {
  return function (this: unknown, ...parameters) {
    const operation = guard('agent', () => begin(this, parameters[optionsAt], true));
    if (operation === undefined) return method.apply(this, parameters);
    const end = (failure?: ReturnType<typeof failureOf>): void => {
      if (operation.run !== undefined) calls.endHeldOf(operation.run);
      calls.observer.runs.endOperation(operation, failure);
    };
    return follow(context.active(), () => runInOperation(operation, () => method.apply(this, parameters)), {
      completed: () => {
        end();
      },
      failed: (error) => {
        end(failureOf(error));
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

/** A method that brings what the answer is read from. */
export function openMethod(method: AgentMethod, optionsAt: number, begin: BeginOperation): AgentMethod {
  return function (this: unknown, ...parameters) {
    const operation = guard('agent', () => begin(this, parameters[optionsAt], false));
    return operation === undefined
      ? method.apply(this, parameters)
      : runInOperation(operation, () => method.apply(this, parameters));
  };
}
