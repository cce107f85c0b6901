// Attempts: the HTTP requests of one call, seen where the SDK sends each: its public method `fetchWithTimeout`, which gets
// the options of the call, and in them its mark. Where other middleware may send requests of its own, or a limit has to be
// asked first, ours is the last of the public per-request middleware. The SDK's own list stays as the caller gave it.

import { guard, guarded } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';

type Next = (request: unknown) => Promise<Response>;
type Middleware = (request: unknown, next: Next, context: unknown) => Promise<Response>;
type Send = (this: object, ...parameters: unknown[]) => Promise<Response>;

/** The options of a call carry it, for whoever sends its requests. */
const CALL = Symbol('tallyspan call');
/** Where the options stand among the parameters of `fetchWithTimeout`. */
const OPTIONS_AT = 4;

/** The request options of the SDK, as far as they matter here. */
export interface RequestOptions {
  readonly middleware?: readonly Middleware[];
  readonly maxRetries?: unknown;
  readonly openTelemetry?: { readonly conversationId?: unknown };
  readonly [CALL]?: ModelCall;
}

interface ClientLike {
  readonly middleware?: readonly unknown[];
  backendMiddleware?: () => readonly unknown[];
  fetchWithTimeout?: Send;
}

/** The caller's options with what the attempts are seen by, or as they are where the SDK has no middleware. */
export function observeAttempts(
  call: ModelCall,
  client: object | undefined,
  options: RequestOptions | undefined,
): RequestOptions | undefined {
  if (client === undefined || !('middleware' in client)) return options;
  call.hasLeft = false;
  const isAlone = guard(
    'alone',
    () => call.admission?.wait === undefined && isWithoutMiddleware(client as ClientLike, options),
  );
  if (isAlone === true && guard('watch sending', () => watchSending(client as ClientLike)) === true)
    return { ...options, [CALL]: call };
  return { ...options, middleware: [...(options?.middleware ?? []), recordAttempts(call)] };
}

function isWithoutMiddleware(client: ClientLike, options: RequestOptions | undefined): boolean {
  return (
    (client.middleware?.length ?? 0) + (options?.middleware?.length ?? 0) === 0 &&
    (client.backendMiddleware?.().length ?? 0) === 0
  );
}

const watched = new WeakSet<object>();

/** Watches the sending of all clients of the class; false where it has none that can be. */
function watchSending(client: ClientLike): boolean {
  const { fetchWithTimeout: current } = client;
  if (typeof current !== 'function') return false;
  if (watched.has(current)) return true;
  let owner: object | null = client;
  while (owner !== null && !Object.hasOwn(owner, 'fetchWithTimeout'))
    owner = Object.getPrototypeOf(owner) as object | null;
  // A client with a function of its own is left alone, as are older SDKs, whose function does not get the options.
  if (owner === null || owner === client) return false;
  // Somebody has put a function of their own around ours.
  if (watched.has(owner)) return true;
  if (current.length <= OPTIONS_AT) return false;
  const observed: Send = function (...parameters) {
    const { [CALL]: call } = (parameters[OPTIONS_AT] ?? {}) as RequestOptions;
    if (call === undefined) return current.apply(this, parameters);
    call.hasLeft = true;
    const note = noteOf(call);
    const answer = current.apply(this, parameters);
    // Our own branch: what the SDK waits for stays its own promise. Classes of the program's own may give anything.
    guard('attempt', () => {
      void answer.then(
        guarded('attempt', (response: Partial<Response> | null) => {
          note(typeof response?.status === 'number' ? String(response.status) : 'connection_error');
          noteRequestId(call, response);
        }),
        guarded('attempt', () => {
          note('connection_error');
        }),
      );
    });
    return answer;
  };
  watched.add(observed).add(owner);
  Object.defineProperty(owner, 'fetchWithTimeout', { configurable: true, writable: true, value: observed });
  return true;
}

function recordAttempts(call: ModelCall): Middleware {
  let isAdmitted = call.admission?.wait === undefined;
  return async (request, next) => {
    if (!isAdmitted) {
      isAdmitted = true;
      const refusal = await call.admission?.wait?.();
      if (refusal !== undefined) {
        call.withdraw();
        throw refusal;
      }
    }
    call.hasLeft = true;
    const note = noteOf(call);
    let response: Response;
    try {
      response = await next(request);
    } catch (error) {
      note('connection_error');
      throw error;
    }
    note(String(response.status));
    noteRequestId(call, response);
    return response;
  };
}

/** The id of the latest request: a call that fails has ended before its error is known. */
function noteRequestId(call: ModelCall, response: Partial<Response> | null): void {
  guard('request id', () => {
    // A fetch of the program's own may give anything.
    const id: unknown = response?.headers?.get('request-id');
    if (typeof id === 'string') call.requestId = id;
  });
}

/** Notes once how an attempt that begins now ended: for whoever sees it first. */
function noteOf(call: ModelCall): (status: string) => void {
  const startMs = Date.now();
  let isNoted = false;
  const note = (status: string): void => {
    if (isNoted) return;
    isNoted = true;
    guard('attempt', () => {
      call.attempts.push({ status, startMs, durationMs: Date.now() - startMs });
    });
  };
  call.noteAttempt = note;
  return note;
}
