// Following: a function of the user gives back exactly what it gave, and what became of that is reported beside it.
// Nothing is wrapped, read ahead, teed or kept alive; see docs/decisions/0070-a-run-gives-back-what-it-got.md.

import { context, type Context } from '@opentelemetry/api';
import { types } from 'node:util';
import { guard } from '../process/guard.ts';
import { keepWaiting, leaveWhenCollected } from './collected.ts';
import { followIterable, followIterator } from './iterators.ts';
import { onlyOnce, type Outcome } from './outcome.ts';
import { followPromise, followThenable, isNativePromise } from './promises.ts';
import { followStream } from './streams.ts';
import { setImmediate } from '../process/timers.ts';

/**
 * Calls `work` in the context and gives what it gives and throws what it throws. The outcome is reported once: when what
 * was returned has ended, or at once where it is a plain value.
 */
export function follow<T>(active: Context, work: () => T, outcome: Outcome): T {
  const once = onlyOnce(outcome);
  let result: T;
  try {
    result = context.with(active, work);
  } catch (error) {
    guard('work threw', () => {
      once.failed(error);
    });
    throw error;
  }
  const isFollowed = guard('follow', () => followValue(result, active, once));
  if (isFollowed !== true)
    guard('work returned', () => {
      once.handedOn(result);
    });
  return result;
}

/** Whether the end of the value can be seen; then it will be reported. */
function followValue(value: unknown, active: Context, outcome: Outcome): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  leaveWhenCollected(value, outcome);
  return followSettling(value, active, outcome) || followOpen(value, active, outcome);
}

function followSettling(value: object, active: Context, outcome: Outcome): boolean {
  const settled: Outcome = {
    ...outcome,
    asked: () => {
      keepWaiting(outcome);
    },
    completed: (result) => {
      // What a promise brings may itself have to be read: a stream, a generator.
      if (isOpen(result) && followOpen(result, active, outcome)) leaveWhenCollected(result, outcome);
      else outcome.completed(result);
    },
  };
  if (isNativePromise(value)) return followPromise(value, settled);
  const isThenable = followThenable(value, active, settled);
  // A tool runner of the SDK can be awaited and can be read.
  const isReadable = isThenable && isOpen(value) && followOpen(value, active, outcome);
  return isThenable || isReadable;
}

/** What can be read step by step. */
function isOpen(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const { iterPages, read, getReader } = value as Readonly<Record<string, unknown>>;
  // A page of a list is whole as it is; that it can fetch further ones is no work of the run.
  if (typeof iterPages === 'function') return false;
  const isReadable = typeof read === 'function' || typeof getReader === 'function';
  return isReadable || Symbol.asyncIterator in value || types.isGeneratorObject(value);
}

function followOpen(value: object, active: Context, outcome: Outcome): boolean {
  if (!isOpen(value)) return false;
  if (followStream(value, active, outcome)) return true;
  if (types.isGeneratorObject(value)) return followIterator(value, active, outcome);
  const { next, iterator, controller } = value as Readonly<Record<string, unknown>>;
  if (typeof next === 'function') return followIterator(value, active, outcome);
  if (controller instanceof AbortController) leaveOnAbort(controller.signal, outcome);
  // The SDK's stream reads itself by this method, whether it is iterated or teed.
  const method = typeof iterator === 'function' ? 'iterator' : Symbol.asyncIterator;
  return followIterable(value, method, active, outcome);
}

/** A stream that is aborted unread has no reader that could report it. */
function leaveOnAbort(signal: AbortSignal, outcome: Outcome): void {
  signal.addEventListener(
    'abort',
    () => {
      // A reader that goes on to the end of what has come reports it better.
      setImmediate(() => {
        guard('aborted', () => {
          outcome.left();
        });
      });
    },
    { once: true },
  );
}
