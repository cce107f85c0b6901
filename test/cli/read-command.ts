// One command line run in this process with `--json`, and the one value that it prints.

import { runCommand, type CommandOptions } from './run-command.ts';

/** @throws Error with what the command had to say when it fails */
export async function readCommand<T>(args: readonly string[], options: CommandOptions = {}): Promise<T> {
  const { exitCode, stdout, stderr } = await runCommand([...args, '--json'], options);
  if (exitCode !== 0) throw new Error(`tallyspan ${args.join(' ')} exited ${String(exitCode)}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
