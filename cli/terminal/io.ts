// What a command may touch of the outside: handed in, so that tests can run a command without a process.

export interface CliOutput {
  /** False when what is written waits: {@link CliOutput.drained} resolves when it waits no more. */
  write(text: string | Uint8Array): unknown;
  drained?(signal: AbortSignal): Promise<unknown>;
  readonly isTTY?: boolean | undefined;
  /** Absent: as a terminal has them. */
  readonly hasColours?: boolean | undefined;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
}

export interface CliIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly env: NodeJS.ProcessEnv;
  /** Now, Unix milliseconds. */
  now(): number;
  /** Aborted when the user asks the process to stop (SIGINT, SIGTERM). */
  readonly signal: AbortSignal;
  /** Ends the process by this signal, once the command is done; absent where there is no process of its own. */
  readonly endBy?: (signal: NodeJS.Signals) => void;
}
