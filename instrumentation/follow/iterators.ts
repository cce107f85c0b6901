// Iterators: what a generator, an iterator or a stream that is iterated gives, seen as its reader asks for it. Nothing
// is read ahead: each step is the reader's own. The body of a generator runs within `next`, so that is where the
// context of its run is entered; the reader's own context storages stay as they are.

import { context, type Context } from '@opentelemetry/api';
import { types } from 'node:util';
import { leaveWhenCollected } from './collected.ts';
import { guard } from '../process/guard.ts';
import type { Outcome } from './outcome.ts';
import { followPromise, isNativePromise } from './promises.ts';
import { shadow } from './shadow.ts';

const STEPS = ['next', 'return', 'throw'] as const;
type Step = (typeof STEPS)[number];

/** Follows the steps of an iterator; false where it takes no shadow. */
export function followIterator(iterator: object, active: Context, outcome: Outcome): boolean {
  let isFollowed = false;
  for (const name of STEPS) {
    const isShadowed = shadow(
      iterator,
      name,
      (original) =>
        function (this: unknown, ...parameters) {
          return take(
            name,
            () => context.with(active, () => Reflect.apply(original, this, parameters)),
            outcome,
          );
        },
    );
    if (name === 'next') isFollowed = isShadowed;
  }
  return isFollowed;
}

/** Follows each iterator that an iterable hands out by the method; the first that ends decides. */
export function followIterable(
  iterable: object,
  method: PropertyKey,
  active: Context,
  outcome: Outcome,
): boolean {
  return shadow(
    iterable,
    method,
    (original) =>
      function (this: unknown, ...parameters) {
        const iterator = context.with(active, () => Reflect.apply(original, this, parameters));
        guard('follow iterator', () => {
          if (typeof iterator !== 'object' || iterator === null || iterator === this) return;
          if (followIterator(iterator, active, outcome)) leaveWhenCollected(iterator, outcome);
        });
        return iterator;
      },
  );
}

function take(name: Step, step: () => unknown, outcome: Outcome): unknown {
  let taken: unknown;
  try {
    taken = step();
  } catch (error) {
    guard('iterator threw', () => {
      outcome.failed(error);
    });
    throw error;
  }
  const read = (result: unknown): void => {
    const { done, value } = (result ?? {}) as { done?: unknown; value?: unknown };
    if (done !== true) outcome.gave?.(value);
    else if (name === 'return') outcome.left();
    else outcome.completed(value);
  };
  guard('iterator step', () => {
    if (typeof taken !== 'object' || taken === null) return;
    if (isNativePromise(taken)) followPromise(taken, { completed: read, failed: outcome.failed });
    else if (!types.isPromise(taken) && 'done' in taken) read(taken);
  });
  return taken;
}
