// A progress bar on stderr while something long goes on; nothing where stderr is no terminal.

import { SingleBar } from 'cli-progress';
import type { CliIo } from './io.ts';

export interface Progress {
  advance(by: number): void;
  stop(): void;
}

/** Starts a bar that ends at `total`; without a total it only tells how far it is, in `unit`. */
export function startProgress(title: string, total: number | undefined, io: CliIo, unit = ''): Progress {
  if (io.stderr.isTTY !== true) return { advance: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: total === undefined ? `${title} {value} ${unit}` : `${title} {bar} {percentage}%`,
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(total ?? 0, 0);
  return {
    advance: (by) => {
      bar.increment(by);
    },
    stop: () => {
      bar.stop();
    },
  };
}
