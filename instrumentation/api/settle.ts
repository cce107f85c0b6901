// Settling: how a function of the user ended, told without changing what it gives or throws.

import { classifyError } from '../sdk/api-errors.ts';

/** Calls `work` and tells how it ended, now or when its promise settles; the promise itself is handed on. */
export function settle<T>(
  work: () => T,
  onValue: (value: unknown) => void,
  onError: (error: unknown) => void,
): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    onError(error);
    throw error;
  }
  if (!(result instanceof Promise)) {
    onValue(result);
    return result;
  }
  return result.then(
    (value: unknown) => {
      onValue(value);
      return value;
    },
    (error: unknown) => {
      onError(error);
      throw error;
    },
  ) as T;
}

/** The API's error type for errors of the SDK, the class of any other error. */
export function errorName(error: unknown): string {
  const type = classifyError(error);
  if (type !== 'client_error') return type;
  return error instanceof Error ? error.constructor.name : 'thrown';
}
