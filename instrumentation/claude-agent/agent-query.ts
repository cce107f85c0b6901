// Observation of a Query of the Claude Agent SDK: the caller gets the very Query that the SDK made; the messages that
// the caller reads are read along.

import { context } from '@opentelemetry/api';
import { AgentSession, type QueryParameters } from './agent-session.ts';
import { followIterable, followIterator } from '../follow/iterators.ts';
import { onlyOnce } from '../follow/outcome.ts';
import { shadow } from '../follow/shadow.ts';
import { classifyError, isAbort } from '../sdk/api-errors.ts';
import { guard } from '../process/guard.ts';
import type { Observer } from '../sdk/observer.ts';

export type QueryFunction = (parameters: QueryParameters, ...rest: unknown[]) => object;

export function observeQuery<T extends QueryFunction>(observer: Observer, query: T): T {
  // The same function may come both wrapped by hand and by the module that exports it.
  if (observedQueries.has(query)) return query;
  const observed = function (this: unknown, ...parameters: Parameters<T>): object {
    return beginQuery(observer, parameters[0], () =>
      Reflect.apply<unknown, Parameters<T>, object>(query, this, parameters),
    );
  };
  observedQueries.add(observed);
  return observed as T;
}

const observedQueries = new WeakSet<object>();

/** The Query that `begin` makes, followed: its run begins with the call. */
export function beginQuery<T>(observer: Observer, parameters: QueryParameters, begin: () => T): T {
  const session = guard('begin query', () => {
    const started = new AgentSession(observer.telemetry, observer.runs, observer.overrides, parameters);
    started.begin();
    return { session: started, close: observer.openUnit(() => started.end('aborted', undefined, true)) };
  });
  let query: T;
  try {
    query = begin();
  } catch (error) {
    guard('query threw', () => {
      session?.session.end('error', classifyError(error));
      session?.close();
    });
    throw error;
  }
  if (session !== undefined && typeof query === 'object' && query !== null)
    guard('follow query', () => {
      followQuery(query, session.session, session.close);
    });
  return query;
}

/** A Query is an iterator and may hand out another that it reads itself: a message counts where it is seen first. */
function followQuery(query: object, session: AgentSession, close: () => void): void {
  const seen = new WeakSet<object>();
  const outcome = onlyOnce({
    gave: (message) => {
      if (typeof message !== 'object' || message === null || seen.has(message)) return;
      seen.add(message);
      session.read(message);
    },
    completed: () => {
      session.end('aborted');
      close();
    },
    left: close,
    handedOn: close,
    failed: (error) => {
      if (isAbort(error)) session.end('aborted', undefined, true);
      else session.end('error', classifyError(error));
      close();
    },
  });
  // It is the caller who stops the turn: its result is an error of nobody's.
  shadow(
    query,
    'interrupt',
    (original) =>
      function (this: unknown, ...parameters) {
        session.noteInterruption();
        return Reflect.apply(original, this, parameters);
      },
  );
  const active = context.active();
  followIterator(query, active, outcome);
  followIterable(query, Symbol.asyncIterator, active, outcome);
}
