// A CLI error: a message for the user that says what is wrong, where, and what to do, and an exit code.

/**
 * Exit code 1: the command failed. Exit code 2: it was called wrongly. A command that runs another one has the codes of a
 * shell where there is no such program (127) or it cannot be started (126).
 */
export type ErrorExitCode = 1 | 2 | 126 | 127;

export class CliError extends Error {
  readonly exitCode: ErrorExitCode;

  constructor(message: string, exitCode: ErrorExitCode = 1) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** An error of usage: wrong option, value or input (exit code 2). */
export function usageError(message: string): CliError {
  return new CliError(message, 2);
}
