// Follows the transcripts of Claude Code while the embedded server runs: what it writes is stored as what a sender
// brings.

import type { RunningServer } from '../../server/start-server.ts';
import type { PriceOverrides } from '../../core/pricing/price-overrides.ts';
import { openSource } from '../../server/source.ts';
import { formatCountOf } from '../../core/text/format.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import { safeText } from '../../core/text/safe-text.ts';
import { defaultRoots, lookedIn, namedRoots } from './find-transcripts.ts';
import { ImportState } from './import-state.ts';
import { watchTranscripts } from './watch-transcripts.ts';

/**
 * The roots that `--claude` names: those of the user where it has no value.
 * @throws CliError when there are none
 */
export function followedRoots(named: string | true, env: NodeJS.ProcessEnv): string[] {
  const roots = named === true ? defaultRoots(env) : namedRoots([named]);
  if (roots.length === 0)
    throw new CliError(
      `there are no transcripts of Claude Code in ${lookedIn(env)}. Name their folder: --claude FOLDER.`,
    );
  return roots;
}

/** Resolves when the user asks the process to stop. */
export async function followClaude(
  roots: readonly string[],
  server: RunningServer,
  overrides: PriceOverrides | undefined,
  io: CliIo,
): Promise<void> {
  const say = (line: string): void => void io.stderr.write(`transcripts: ${safeText(line)}\n`);
  try {
    const source = await openSource({ url: server.uiUrl, token: io.env['TALLYSPAN_TOKEN'] || undefined });
    const { events } = await source.meta();
    const state = events === 0 ? ImportState.empty(server.dataDir) : await ImportState.load(server.dataDir);
    let isFirst = true;
    await watchTranscripts({
      roots,
      state,
      append: (batch) => server.appendEvents(batch),
      overrides,
      now: () => io.now(),
      signal: io.signal,
      advance: () => undefined,
      // What goes on afterwards is on the page.
      onImport: (tally) => {
        if (isFirst)
          say(
            `${formatCountOf(tally.sessions, 'session')} read, ${formatCountOf(tally.calls, 'model call')}`,
          );
        isFirst = false;
      },
      onFault: say,
    });
  } catch (error) {
    if (!io.signal.aborted) say(`they are not followed: ${(error as Error).message}`);
  }
}
