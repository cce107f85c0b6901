import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findStartable, type Startable } from '../stack/found-server.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const FILE = join(import.meta.dirname, '../../stack/loki.yaml');
const S3 = {
  LOKI_STORE: 's3',
  S3_ENDPOINT: 's3.example.com',
  S3_REGION: 'eu-central-1',
  S3_BUCKET_EVENTS: 'tallyspan-events',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'secret',
};

/** Whether the real Loki calls the shipped file valid with these variables. */
async function isValid(env: Record<string, string>): Promise<boolean> {
  const found = await findStartable('loki');
  if (typeof found === 'string') throw new Error(found);
  const [command, ...before] = commandOf(found, env);
  const flags = [`-config.file=${FILE}`, '-config.expand-env=true', '-verify-config'];
  const { status } = spawnSync(command, [...before, ...flags], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  return status === 0;
}

function commandOf(found: Startable, env: Record<string, string>): [string, ...string[]] {
  if (found.kind === 'binary') return [found.path];
  const variables = Object.keys(env).flatMap((name) => ['--env', name]);
  return ['docker', 'run', '--rm', '--volume', `${FILE}:${FILE}:ro`, ...variables, found.tag];
}

(await describeWith('own loki'))('the real Loki takes its shipped configuration', () => {
  it.each([
    ['with files', {}],
    ['with S3', S3],
    ['with the retention that compose passes on', { LOKI_RETENTION: '90d' }],
    [
      'with a ruler',
      { LOKI_ALERTMANAGER_URL: 'http://alertmanager:9093', LOKI_RULES: '/rendered/loki/rules' },
    ],
  ])(
    '%s',
    async (_, env) => {
      expect(await isValid(env)).toBe(true);
    },
    BUILD_TIMEOUT_MS,
  );

  it('but not with a store that it does not know', async () => {
    expect(await isValid({ LOKI_STORE: 'floppy' })).toBe(false);
  });
});
