// The functions of the Claude Agent SDK by which a session begins: `query`; `startup` and `prewarm`, which make a process
// ready whose session begins later.

import { followPromise, isNativePromise } from '../follow/promises.ts';
import { shadow } from '../follow/shadow.ts';
import { guard } from '../process/guard.ts';
import type { Observer } from '../sdk/observer.ts';
import { beginQuery, observeQuery, type QueryFunction } from './agent-query.ts';
import type { QueryParameters } from './agent-session.ts';

type WarmFunction = (parameters?: QueryParameters, ...rest: unknown[]) => unknown;

/** The function to export in the place of the SDK's. */
export function observeExport(observer: Observer, name: string, original: unknown): unknown {
  if (typeof original !== 'function') return original;
  switch (name) {
    case 'query':
      return observeQuery(observer, original as QueryFunction);
    case 'startup':
      return observeWarm(observer, original as WarmFunction, 'query', (prompt) => ({ prompt }));
    case 'prewarm':
      return observeWarm(observer, original as WarmFunction, 'claim', (parameters) => parameters as object);
    default:
      return original;
  }
}

/** What it resolves to begins a session with a method of its own, by the options that were given before. */
function observeWarm(
  observer: Observer,
  original: WarmFunction,
  method: string,
  readParameters: (first: unknown) => object,
): WarmFunction {
  return function (this: unknown, ...parameters) {
    const ready = Reflect.apply(original, this, parameters);
    guard('follow warm query', () => {
      if (typeof ready !== 'object' || ready === null || !isNativePromise(ready)) return;
      followPromise(ready, {
        failed: () => undefined,
        completed: (warm) => {
          if (typeof warm !== 'object' || warm === null) return;
          shadow(
            warm,
            method,
            (begin) =>
              function (this: unknown, ...given) {
                const options = { ...parameters[0]?.options };
                return beginQuery(observer, { options, ...readParameters(given[0]) }, () =>
                  Reflect.apply(begin, this, given),
                );
              },
          );
        },
      });
    });
    return ready;
  };
}
