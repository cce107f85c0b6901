// The program in a project of Yarn's Plug'n'Play, where Node's functions for files are those of Yarn.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { DoctorFinding } from '../../cli/doctor/finding.ts';
import { installYarnProject } from '../contract/versions/cached-packages.ts';
import { killRunning, PROGRAM, runTallyspan } from '../programs/tallyspan.ts';
import { makeDataDir } from '../server/data-dir.ts';

const INSTALL_MS = 300_000;

/** As `yarn` starts a command; `undefined` where its packages cannot be had. */
async function plugAndPlay(): Promise<{ readonly cwd: string; readonly env: NodeJS.ProcessEnv } | undefined> {
  const cwd = await installYarnProject(
    path.join(import.meta.dirname, '../frameworks/projects/plug-and-play'),
  );
  if (cwd === undefined) return undefined;
  const [script, loader] = ['.pnp.cjs', '.pnp.loader.mjs'].map((file) => path.join(cwd, file));
  return {
    cwd,
    env: { NODE_OPTIONS: `--require ${script ?? ''} --experimental-loader ${loader ?? ''} --no-warnings` },
  };
}

test(
  'doctor finds the packages of the project, and asks whether what is sent arrives',
  async () => {
    const yarn = await plugAndPlay();
    if (yarn === undefined) return;
    const { stdout } = await runTallyspan(['doctor', '--json'], yarn);
    const findings = JSON.parse(stdout) as DoctorFinding[];
    const about = (name: string) => findings.filter(({ check }) => check === name).map(({ what }) => what);
    expect(about('sdk')).toEqual(['@anthropic-ai/sdk 1.15.0 (native spans, enriched)']);
    expect(about('delivery')).toHaveLength(2);
  },
  INSTALL_MS,
);

test(
  'the server keeps what alerts must not forget',
  async () => {
    const yarn = await plugAndPlay();
    if (yarn === undefined) return;
    const dataDir = await makeDataDir();
    const ports = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
    const server = spawn(process.execPath, [PROGRAM, 'up', '--no-open', '--data', dataDir, ...ports], {
      cwd: yarn.cwd,
      env: { PATH: process.env['PATH'], HOME: dataDir, ...yarn.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      let said = '';
      server.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      const closed = once(server, 'close');
      await Promise.race([once(server.stdout, 'data'), closed]);
      server.kill('SIGTERM');
      await closed;
      expect(said).not.toContain('could not be saved');
      expect(JSON.parse(await readFile(path.join(dataDir, 'alerts.json'), 'utf8'))).toMatchObject({
        deliveries: [],
      });
    } finally {
      await killRunning(server);
      await rm(dataDir, { recursive: true, force: true });
    }
  },
  INSTALL_MS,
);
