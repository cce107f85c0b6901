// API errors: the low-cardinality class of what an SDK call failed with, in every version of the SDK. An error of
// the program may throw when it is read; then it is one that nothing is known of.

import { LIMIT_ERROR_TYPE } from '../limits/limit-error.ts';
import { guard } from '../process/guard.ts';

interface ErrorLike {
  readonly name?: unknown;
  readonly status?: unknown;
  readonly type?: unknown;
  readonly error?: { readonly error?: { readonly type?: unknown } };
  readonly requestID?: unknown;
  readonly request_id?: unknown;
  readonly headers?: Headers | Readonly<Record<string, string>>;
  readonly constructor?: { readonly name?: unknown };
}

/** True when the caller aborted: no failure. */
export function isAbort(error: unknown): boolean {
  return (
    guard('read error', () => {
      const name = classNameOf(error);
      return name === 'APIUserAbortError' || (error as ErrorLike | null)?.name === 'AbortError';
    }) ?? false
  );
}

/** The API's error type where there is one, else the status, else what failed. */
export function classifyError(error: unknown): string {
  return guard('read error', () => readType(error)) ?? 'client_error';
}

function readType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'client_error';
  const { type, status, error: body } = error as ErrorLike;
  const name = classNameOf(error);
  if (name === 'APIConnectionTimeoutError') return 'client_timeout_error';
  if (name === 'APIConnectionError') return 'connection_error';
  // Types of the API all end so, and one is our own; other libraries have a field of that name, too.
  if (typeof type === 'string' && (type.endsWith('_error') || type === LIMIT_ERROR_TYPE)) return type;
  const nested = body?.error?.type;
  if (typeof nested === 'string') return nested;
  return typeof status === 'number' ? String(status) : 'client_error';
}

/** Id of the request that failed, as each version of the SDK has it. */
export function requestIdOf(error: unknown): string | undefined {
  return guard('read error', () => {
    const { requestID, request_id: older, headers } = (error ?? {}) as ErrorLike;
    const fromHeaders = headers instanceof Headers ? headers.get('request-id') : headers?.['request-id'];
    return [requestID, older, fromHeaders].find((id) => typeof id === 'string');
  });
}

/** The API's error type for errors of the SDK, the class of any other error. */
export function errorName(error: unknown): string {
  const type = classifyError(error);
  if (type !== 'client_error') return type;
  const name = guard('read error', () => (error instanceof Error ? error.constructor.name : undefined));
  return typeof name === 'string' && name !== '' ? name : 'thrown';
}

/** How work failed that threw the error: without a type the caller aborted it. */
export function failureOf(error: unknown): { readonly errorType: string | undefined } {
  return { errorType: isAbort(error) ? undefined : errorName(error) };
}

function classNameOf(error: unknown): unknown {
  return (error as ErrorLike | null)?.constructor?.name;
}
