// A progress bar on stderr while something long goes on; nothing where stderr is no terminal.

import { SingleBar } from 'cli-progress';
import type { CliIo } from './io.ts';

export interface Progress {
  advance(by: number): void;
  stop(): void;
}

/** Starts a bar that ends at `total`. */
export function startProgress(title: string, total: number, io: CliIo): Progress {
  if (io.stderr.isTTY !== true) return { advance: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}%`,
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return {
    advance: (by) => {
      bar.increment(by);
    },
    stop: () => {
      bar.stop();
    },
  };
}
