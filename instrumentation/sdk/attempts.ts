// Attempts: the HTTP requests of one call, seen through the SDK's public per-request middleware.
// The SDK's own middleware list stays as the caller gave it; ours is appended, never put in place of it.

import { guard } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';

type Next = (request: unknown) => Promise<Response>;
type Middleware = (request: unknown, next: Next, context: unknown) => Promise<Response>;

/** The request options of the SDK, as far as they matter here. */
export interface RequestOptions {
  readonly middleware?: readonly Middleware[];
  readonly openTelemetry?: { readonly conversationId?: unknown };
}

/** The caller's options with our middleware appended, or as they are where the SDK has no middleware. */
export function observeAttempts(
  call: ModelCall,
  client: object | undefined,
  options: RequestOptions | undefined,
): RequestOptions | undefined {
  if (client === undefined || !('middleware' in client)) return options;
  call.hasLeft = false;
  return { ...options, middleware: [...(options?.middleware ?? []), recordAttempts(call)] };
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
    const startMs = Date.now();
    const note = (status: string): void => {
      guard('attempt', () => {
        call.attempts.push({ status, startMs, durationMs: Date.now() - startMs });
      });
    };
    let response: Response;
    try {
      response = await next(request);
    } catch (error) {
      note('connection_error');
      throw error;
    }
    note(String(response.status));
    return response;
  };
}
