import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder that nobody else has. */
export function makeDataDir(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'tallyspan-server-test-'));
}
