// A program that is built and started again whenever a file below some folders changes.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import path from 'node:path';

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

export interface Restartable {
  /** Watched with all that is below them. */
  readonly folders: readonly string[];
  /** Names of folders in which nothing counts. */
  readonly ignored: readonly string[];
  /** Throws when it cannot be built: the program that runs stays. */
  readonly build: () => Promise<void>;
  readonly start: () => ChildProcess;
  readonly say: (line: string) => void;
}

export interface Restarting {
  /** Ends the watching and the program. */
  stop(): Promise<void>;
}

/** Builds and starts it, and again on each change. */
export async function restartOnChange({
  folders,
  ignored,
  build,
  start,
  say,
}: Restartable): Promise<Restarting> {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let work = Promise.resolve();
  const watchers = folders.map((folder) =>
    watch(folder, { recursive: true }, (_, file) => {
      if (file === null || file.split(path.sep).some((part) => ignored.includes(part))) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        say(`${path.basename(folder)}/${file} changed`);
        work = work.then(restart);
      }, SETTLE_MS);
    }),
  );
  await restart();

  async function restart(): Promise<void> {
    try {
      await build();
    } catch (error) {
      say(`not built: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    await end();
    child = start();
  }

  async function end(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  return {
    stop: async () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      await work;
      await end();
    },
  };
}
