// The tier of tests that need the real servers. Where one is missing they are skipped, aloud and counted.

import { describe } from '@jest/globals';
import { describeWhere, type Describe } from '../fixtures/describe-where.ts';
import { hasGo } from './build-servers.ts';
import { findRunning, findStartable, type ServerName } from './found-server.ts';
import { whyUnfit } from './loki-elsewhere.ts';

/** `own` is a server that the test stops, starts with other settings or looks into. */
export type ServerNeed = 'collector' | ServerName | `own ${ServerName}`;

/** `describe` for tests against real servers: `(await describeWith('collector', 'loki'))('title', …)`. */
export async function describeWith(...needs: readonly ServerNeed[]): Promise<Describe> {
  for (const need of needs) {
    const why = await whyMissing(need);
    if (why !== undefined) return describeWhere(false, need, why);
  }
  return describe;
}

/** Why a server is not to be had here; undefined when it is. */
export async function whyMissing(need: ServerNeed): Promise<string | undefined> {
  if (need === 'collector') return hasGo() ? undefined : 'go is not installed';
  const name = need === 'loki' || need === 'own loki' ? 'loki' : 'tempo';
  const elsewhere = need === name ? findRunning(name) : undefined;
  if (elsewhere !== undefined) {
    const why = name === 'loki' ? await whyUnfit(elsewhere.url) : undefined;
    if (why === undefined) process.stderr.write(`${name}: the one at ${elsewhere.url}\n`);
    return why;
  }
  const found = await findStartable(name);
  return typeof found === 'string' ? found : undefined;
}

/** First build of a server: minutes, not seconds. */
export const BUILD_TIMEOUT_MS = 900_000;
