// A progress bar on stderr while something long goes on; nothing where stderr is no terminal that can show it. It turns the wrapping of
// lines off, and on again when it stops, also when the user asks the process to stop.

import { SingleBar } from 'cli-progress';
import { isDumb } from './colours.ts';
import type { CliIo } from './io.ts';

export interface ProgressBar {
  advance(by: number): void;
  stop(): void;
}

/** Starts a bar that ends at `total`; without a total it only tells how far it is, in `unit`. */
export function startProgress(title: string, total: number | undefined, io: CliIo, unit = ''): ProgressBar {
  if (io.stderr.isTTY !== true || isDumb(io.env)) return { advance: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: total === undefined ? `${title} {value} ${unit}` : `${title} {bar} {percentage}%`,
    // Of a stream the bar uses what a command is given of stderr.
    stream: io.stderr as NodeJS.WriteStream,
    clearOnComplete: true,
  });
  bar.start(total ?? 0, 0);
  const stop = (): void => {
    io.signal.removeEventListener('abort', stop);
    bar.stop();
  };
  io.signal.addEventListener('abort', stop);
  return {
    advance: (by) => {
      if (!io.signal.aborted) bar.increment(by);
    },
    stop,
  };
}
