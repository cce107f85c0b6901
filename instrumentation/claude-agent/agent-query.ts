// Observation of a Query of the Claude Agent SDK: the caller gets the same Query with all its methods; the
// messages that the caller reads are read along.

import { context } from '@opentelemetry/api';
import { AgentSession, type QueryParameters } from './agent-session.ts';
import { classifyError, isAbort } from '../sdk/api-errors.ts';
import { guard } from '../process/guard.ts';
import type { Observer } from '../sdk/observer.ts';

export type QueryFunction = (parameters: QueryParameters) => object;

export function observeQuery<T extends QueryFunction>(getObserver: () => Observer, query: T): T {
  const observed = (parameters: Parameters<T>[0]): object => {
    const session = guard('begin query', () => {
      const observer = getObserver();
      return new AgentSession(observer.telemetry, observer.runs, observer.overrides, parameters);
    });
    const result = query(parameters);
    return session === undefined ? result : watchQuery(result, session);
  };
  return observed as T;
}

function watchQuery(query: object, session: AgentSession): object {
  const readAlong = async (step: Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    let result: IteratorResult<unknown>;
    try {
      result = await step;
    } catch (error) {
      guard('query failed', () => {
        if (isAbort(error)) session.end('aborted');
        else session.end('error', classifyError(error));
      });
      throw error;
    }
    guard('query message', () => {
      if (result.done === true) session.end('aborted');
      else session.read(result.value);
    });
    return result;
  };

  const proxy: object = new Proxy(query, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === Symbol.asyncIterator) return () => proxy;
      const method = (value as (...parameters: unknown[]) => unknown).bind(target);
      if (key !== 'next' && key !== 'return' && key !== 'throw') return method;
      const active = context.active();
      return (...parameters: unknown[]) =>
        context.with(active, () => readAlong(method(...parameters) as Promise<IteratorResult<unknown>>));
    },
  });
  return proxy;
}
