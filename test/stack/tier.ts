// The tier of tests that need the real servers. Where Go is missing they are skipped, aloud and counted.

import { describe } from '@jest/globals';
import { hasGo } from './build-servers.ts';

const isAvailable = hasGo();
if (!isAvailable) process.stderr.write('SKIP collector: go is not installed\n');

/** `describe` for tests against the real Collector or Loki. */
export const describeWithServers: (name: string, body: () => void) => void = isAvailable
  ? describe
  : describe.skip;

/** First build of a server: minutes, not seconds. */
export const BUILD_TIMEOUT_MS = 900_000;
