// The tier of tests that need the real servers. Where Go is missing they are skipped, aloud and counted.

import { describeWhere } from '../fixtures/describe-where.ts';
import { hasGo } from './build-servers.ts';

/** `describe` for tests against the real Collector or Loki. */
export const describeWithServers = describeWhere(hasGo(), 'collector', 'go is not installed');

/** First build of a server: minutes, not seconds. */
export const BUILD_TIMEOUT_MS = 900_000;
