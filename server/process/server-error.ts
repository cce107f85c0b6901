// A server error is a fault of the surroundings (a used port, a locked folder) that its message
// explains: what happened, where, and what to do. It is shown to people without a stack trace.

export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
