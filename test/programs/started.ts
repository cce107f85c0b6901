// The built tallyspan program while it runs: what it prints, and a signal to it.

import { spawn, type ChildProcess } from 'node:child_process';
import { PROGRAM, type Finished, type RunOptions } from './tallyspan.ts';

export interface Started {
  readonly child: ChildProcess;
  /** Resolves when stdout holds the text. */
  printed(text: string): Promise<void>;
  /** What it has printed so far. */
  stdout(): string;
  readonly ended: Promise<Finished>;
}

/** Starts `tallyspan ARGS…`; its stdin stays open. */
export function startTallyspan(args: readonly string[], options: RunOptions = {}): Started {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...options.env } });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...said }));
  });
  return {
    child,
    ended,
    stdout: () => said.stdout,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.stdout.includes(text)) resolve();
        };
        child.stdout.on('data', look);
        child.on('close', () => reject(new Error(`it ended without "${text}": ${said.stderr}`)));
        look();
      }),
  };
}
