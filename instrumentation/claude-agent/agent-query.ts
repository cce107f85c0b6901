// Observation of a Query of the Claude Agent SDK: the caller gets the very Query that the SDK made; the messages that
// the caller reads are read along.

import { context } from '@opentelemetry/api';
import { AgentSession, type QueryParameters } from './agent-session.ts';
import { followIterable, followIterator } from '../follow/iterators.ts';
import { onlyOnce } from '../follow/outcome.ts';
import { classifyError, isAbort } from '../sdk/api-errors.ts';
import { guard } from '../process/guard.ts';
import type { Observer } from '../sdk/observer.ts';

export type QueryFunction = (parameters: QueryParameters, ...rest: unknown[]) => object;

export function observeQuery<T extends QueryFunction>(observer: Observer, query: T): T {
  const observed = function (this: unknown, ...parameters: Parameters<T>): object {
    const session = guard(
      'begin query',
      () => new AgentSession(observer.telemetry, observer.runs, observer.overrides, parameters[0]),
    );
    const result = Reflect.apply<unknown, Parameters<T>, object>(query, this, parameters);
    if (session !== undefined)
      guard('follow query', () => {
        followQuery(result, session);
      });
    return result;
  };
  return observed as T;
}

/** A Query is an iterator and may hand out another that it reads itself: a message counts where it is seen first. */
function followQuery(query: object, session: AgentSession): void {
  const seen = new WeakSet<object>();
  const outcome = onlyOnce({
    gave: (message) => {
      if (typeof message !== 'object' || message === null || seen.has(message)) return;
      seen.add(message);
      session.read(message);
    },
    completed: () => {
      session.end('aborted');
    },
    left: () => {
      session.end('aborted');
    },
    handedOn: () => {
      session.end('aborted');
    },
    failed: (error) => {
      if (isAbort(error)) session.end('aborted');
      else session.end('error', classifyError(error));
    },
  });
  const active = context.active();
  followIterator(query, active, outcome);
  followIterable(query, Symbol.asyncIterator, active, outcome);
}
