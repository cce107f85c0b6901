// A trial by replay: the command is answered with what was recorded of the item, so it costs nothing and says the same each
// time; a request that is another than the recorded one is a fault of the trial.

import path from 'node:path';
import { KEY_FILE } from '../../server/store/file/content-cipher.ts';
import { defaultDataDir } from '../files/data-dir.ts';
import { openSteps } from '../replay/open-steps.ts';
import { startReplayServer } from '../replay/replay-server.ts';
import { usageError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import type { KeptItem } from './dataset-file.ts';

export interface ItemReplay {
  /** What the command is started with: the address of the recording, and no key. */
  readonly env: NodeJS.ProcessEnv;
  /** How what was asked differs from what was recorded, in words; undefined where it does not. */
  divergence(): string | undefined;
  close(): Promise<void>;
}

/** @throws CliError where nothing was recorded, or the key is another one */
export async function startItemReplay(
  item: KeptItem,
  keyFile: string | undefined,
  io: CliIo,
): Promise<ItemReplay> {
  if (item.recording === undefined)
    throw usageError(
      `${item.id} has no recording: add runs with tallyspan dataset add NAME RUN --content, or leave --replay away`,
    );
  const steps = openSteps({ steps: item.recording }, keyFile ?? path.join(defaultDataDir(io.env), KEY_FILE));
  const server = await startReplayServer(steps);
  return {
    env: {
      ANTHROPIC_BASE_URL: server.url,
      ANTHROPIC_API_KEY: 'replay',
      ANTHROPIC_AUTH_TOKEN: undefined,
      NO_PROXY: [io.env['NO_PROXY'], '127.0.0.1'].filter(Boolean).join(','),
    },
    divergence: () => {
      const { divergence, served } = server;
      if (divergence !== undefined)
        return `request ${divergence.step} is another than the recorded one, in ${divergence.part}`;
      return served < steps.length
        ? `the command made ${served} of the ${steps.length} recorded requests`
        : undefined;
    },
    close: () => server.close(),
  };
}
