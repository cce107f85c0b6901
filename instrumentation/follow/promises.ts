// Promises: how one settles, found out beside its readers. A reaction of ours makes a promise count as handled, so that
// a rejection that nobody handles would be swallowed. Every way to react to a native promise (`await`, `then`, `catch`,
// `finally`, `Promise.all`) reads its `constructor` first: an own accessor says whether anybody else has reacted.
// Until somebody has, the promise of our own reaction carries the rejection on, and Node reports that.

import { context, type Context } from '@opentelemetry/api';
import { types } from 'node:util';
import { chain } from './chain.ts';
import { guard } from '../process/guard.ts';
import type { Outcome } from './outcome.ts';
import { shadow, type Method } from './shadow.ts';

type Settlement = Pick<Outcome, 'completed' | 'failed'>;

/** A promise of the language whose `then` is the language's own: its settlement can be asked for at no cost. */
export function isNativePromise(value: object): value is Promise<unknown> {
  if (!types.isPromise(value)) return false;
  const then: unknown = Reflect.get(value, 'then');
  return typeof then === 'function' && isNative(then);
}

function isNative(method: object): boolean {
  return Function.prototype.toString.call(method).includes('[native code]');
}

/** Reports how the promise settles, before its readers hear of it; false where it cannot be seen. */
export function followPromise(promise: Promise<unknown>, outcome: Settlement): boolean {
  const then = Reflect.get(promise, 'then') as Method;
  const { constructor } = promise;
  let reaction: Promise<unknown> | undefined;
  let isOurs = true;
  const isDefined = Reflect.defineProperty(promise, 'constructor', {
    configurable: true,
    enumerable: false,
    get(this: object) {
      // Ours makes no object of a class of the user's.
      if (isOurs) return Promise;
      Reflect.deleteProperty(this, 'constructor');
      reaction?.catch(() => undefined);
      return constructor;
    },
    set(this: object, value: unknown) {
      Reflect.defineProperty(this, 'constructor', {
        configurable: true,
        writable: true,
        enumerable: true,
        value,
      });
    },
  });
  if (!isDefined) return false;
  reaction = Reflect.apply(then, promise, [
    (value: unknown) => {
      guard('promise fulfilled', () => {
        outcome.completed(value);
      });
    },
    (error: unknown) => {
      guard('promise rejected', () => {
        outcome.failed(error);
      });
      throw error;
    },
  ]) as Promise<unknown>;
  isOurs = false;
  return true;
}

/**
 * A thenable, or a promise with a `then` of its own: asking could start its work, so it is seen only as far as others
 * ask. The SDK's promise is seen where it parses its answer, whichever of its methods does so.
 */
export function followThenable(value: object, active: Context, outcome: Outcome): boolean {
  if (isApiPromise(value)) return followApiPromise(value, outcome);
  const isPromise = types.isPromise(value);
  return shadow(
    value,
    'then',
    (original) =>
      function (this: unknown, ...parameters) {
        const [onValue, onError, ...rest] = parameters;
        outcome.asked?.();
        const reader = context.active();
        const reactions = [
          reactionOf(onValue, isPromise, reader, outcome.completed, (given) => given),
          reactionOf(onError, isPromise, reader, outcome.failed, (error) => {
            throw error;
          }),
        ];
        // It may begin its work only now.
        return context.with(active, () => Reflect.apply(original, this, [...reactions, ...rest]));
      },
  );
}

/** The reader's reaction with ours before it; without one of the reader's, only where a promise passes it on. */
function reactionOf(
  reaction: unknown,
  isPromise: boolean,
  reader: Context,
  report: (value: unknown) => void,
  passOn: (value: unknown) => unknown,
): unknown {
  const isGiven = typeof reaction === 'function';
  if (!isGiven && !isPromise) return reaction;
  return function (this: unknown, value: unknown) {
    guard('thenable settled', () => {
      report(value);
    });
    return context.with(
      reader,
      () => (isGiven ? Reflect.apply(reaction, this, [value]) : passOn(value)) as unknown,
    );
  };
}

interface ApiPromiseLike {
  responsePromise: Promise<unknown>;
  parseResponse: Method;
  parsedPromise?: unknown;
}

function isApiPromise(value: object): value is ApiPromiseLike {
  const { responsePromise, parseResponse } = value as Partial<ApiPromiseLike>;
  return types.isPromise(responsePromise) && typeof parseResponse === 'function';
}

function followApiPromise(promise: ApiPromiseLike, outcome: Outcome): boolean {
  // The derived promise takes the place of the original, so that a failure that nobody handles stays one.
  promise.responsePromise = promise.responsePromise.then(
    (response) => response,
    (error: unknown) => {
      guard('request failed', () => {
        outcome.failed(error);
      });
      throw error;
    },
  );
  const parse = promise.parseResponse;
  promise.parseResponse = function (this: unknown, ...parameters) {
    return chain(
      () => Reflect.apply(parse, this, parameters),
      (value) => {
        guard('answer parsed', () => {
          outcome.completed(value);
        });
        return value;
      },
      (error) => {
        guard('answer failed', () => {
          outcome.failed(error);
        });
      },
    );
  };
  shadow(
    promise,
    'asResponse',
    (original) =>
      function (this: unknown, ...parameters) {
        // `withResponse` comes here too, after it has begun to parse.
        if (promise.parsedPromise === undefined)
          guard('raw response', () => {
            outcome.handedOn(undefined);
          });
        return Reflect.apply(original, this, parameters);
      },
  );
  return true;
}
