// What a program leaves a request with: an error of its own, of any kind, or none. A wait that was too long for it is one
// that the API caused; all else is its own wish.

interface Reason {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** Whether an error is what an abort signal makes. */
export function isAbortError(error: unknown): boolean {
  const { name, code } = (error ?? {}) as Reason;
  return name === 'AbortError' || code === 'ABORT_ERR';
}

/** Whether an error says that it took too long, as runtimes and clients write that. */
export function isTimeout(error: unknown): boolean {
  const { name, code, message } = (error ?? {}) as Reason;
  return [name, code, message].some(
    (text) => typeof text === 'string' && /time(?:d_?)?[ _-]?out/i.test(text),
  );
}

/** Type of the error that the call failed with; `undefined` where the program just wanted no more. */
export function leftErrorType(error: unknown): string | undefined {
  const { cause } = (error ?? {}) as Reason;
  return isTimeout(error) || isTimeout(cause) ? 'client_timeout_error' : undefined;
}
