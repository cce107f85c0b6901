// Opens a page in the browser of the desktop, where there is one and a person started the program by hand.

import { spawn } from 'node:child_process';
import type { CliIo } from './io.ts';

/** The program of the desktop that opens an address; undefined where there is no desktop, or nobody in front of it. */
export function browserCommand(
  io: Pick<CliIo, 'stdout' | 'env'>,
  platform: NodeJS.Platform,
): readonly string[] | undefined {
  const { env } = io;
  const isByHand = io.stdout.isTTY === true && env['CI'] === undefined;
  // A terminal of another machine shows no window of this one.
  if (!isByHand || env['SSH_CONNECTION'] !== undefined || env['SSH_TTY'] !== undefined) return undefined;
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['explorer.exe'];
  return env['DISPLAY'] !== undefined || env['WAYLAND_DISPLAY'] !== undefined ? ['xdg-open'] : undefined;
}

/** Whether it worked is not known and does not matter: the address stands in the terminal. */
export function openBrowser(url: string, io: Pick<CliIo, 'stdout' | 'env'>): void {
  const [command, ...args] = browserCommand(io, process.platform) ?? [];
  if (command === undefined) return;
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
