import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildLoki } from '../stack/build-servers.ts';
import { BUILD_TIMEOUT_MS, describeWithServers } from '../stack/tier.ts';

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
  const { status } = spawnSync(
    await buildLoki(),
    [`-config.file=${FILE}`, '-config.expand-env=true', '-verify-config'],
    { env: { ...process.env, ...env }, stdio: 'ignore' },
  );
  return status === 0;
}

describeWithServers('the real Loki takes its shipped configuration', () => {
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
