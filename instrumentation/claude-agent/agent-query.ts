// Observation of a Query of the Claude Agent SDK: the caller gets the very Query that the SDK made; the messages that
// the caller reads are read along.

import { context } from '@opentelemetry/api';
import { AgentSession, type QueryParameters } from './agent-session.ts';
import { AgentLimits } from './agent-limits.ts';
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
    return beginQuery(observer, parameters[0], (own) =>
      Reflect.apply(query, this, own === parameters[0] ? parameters : [own, ...parameters.slice(1)]),
    );
  };
  observedQueries.add(observed);
  return observed as T;
}

const observedQueries = new WeakSet<object>();

/** The Query that `begin` makes, followed: its run begins with the call. */
export function beginQuery<T>(
  observer: Observer,
  parameters: QueryParameters,
  begin: (parameters: QueryParameters) => T,
): T {
  const session = guard('begin query', () => {
    const started = new AgentSession(observer.telemetry, observer.runs, observer.overrides, parameters);
    started.begin();
    const limits = observer.isLimited ? new AgentLimits(observer.limiter, context.active()) : undefined;
    if (limits !== undefined) started.onCounted = limits.count.bind(limits);
    return {
      session: started,
      limits,
      close: observer.openUnit(() => started.end('aborted', undefined, true)),
    };
  });
  let query: T;
  try {
    query = begin(limitedParameters(session, parameters));
  } catch (error) {
    guard('query threw', () => {
      session?.session.end('error', classifyError(error));
      session?.close();
    });
    throw error;
  }
  if (session !== undefined && typeof query === 'object' && query !== null)
    guard('follow query', () => {
      followQuery(query, session.session, session.limits, session.close);
    });
  return query;
}

/** What the session may spend, where that is limited. */
function limitedParameters(
  begun: { readonly session: AgentSession; readonly limits: AgentLimits | undefined } | undefined,
  parameters: QueryParameters,
): QueryParameters {
  const limited = guard('budget of session', () => {
    const [run] = begun?.session.openRuns ?? [];
    return run === undefined ? undefined : begun?.limits?.withBudget(parameters, run);
  });
  return limited ?? parameters;
}

/** A Query is an iterator and may hand out another that it reads itself: a message counts where it is seen first. */
function followQuery(
  query: object,
  session: AgentSession,
  limits: AgentLimits | undefined,
  close: () => void,
): void {
  const seen = new WeakSet<object>();
  const outcome = onlyOnce({
    gave: (message) => {
      if (typeof message !== 'object' || message === null || seen.has(message)) return;
      seen.add(message);
      if (limits === undefined) {
        session.read(message);
        return;
      }
      // A result ends the run: what it came to is counted all the same.
      const runs = new Set(session.openRuns);
      session.read(message);
      for (const run of session.openRuns) runs.add(run);
      limits.see(query, runs);
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
