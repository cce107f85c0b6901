// A command that we ran for the user has ended: we end as it did.

import { constants } from 'node:os';

export interface EndOfCommand {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Ends the program: with the exit code or by the signal of the command, or with `ownExitCode` where it succeeded. */
export class CommandEnded extends Error {
  readonly exitCode: number;
  /** The signal that ended the command, and is to end us. */
  readonly signal: NodeJS.Signals | undefined;

  constructor({ exitCode, signal }: EndOfCommand, ownExitCode: 0 | 1) {
    super('the command has ended');
    this.name = 'CommandEnded';
    this.signal = signal ?? undefined;
    this.exitCode =
      signal === null
        ? exitCode === null || exitCode === 0
          ? ownExitCode
          : exitCode
        : 128 + constants.signals[signal];
  }
}
