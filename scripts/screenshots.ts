// Takes the screenshots of the documents in real Chromium, from the demo with its generated history.
// Needs Chromium (CHROMIUM_PATH, or /usr/bin/chromium). Arguments go to the demo: its ports, where the default ones are
// taken (`--port`, `--grpc-port`, `--http-port`).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBrowser } from './browser.ts';

const root = path.resolve(import.meta.dirname, '..');
const outDir = path.join(root, 'docs/images');
const DAYS = '10';

const dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-screenshots-'));
const demo = spawn(
  process.execPath,
  ['cli/dist/main.js', 'demo', '--days', DAYS, '--data', dataDir, ...process.argv.slice(2)],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    demo.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /ui=(\S+)/.exec(said)?.[1];
      if (address !== undefined && said.includes('next:')) resolve(address);
    });
    demo.once('exit', (code) => reject(new Error(`the demo ended with exit code ${String(code)}`)));
  });
  const runs = (await (await fetch(`${url}/api/runs?sort=most-expensive&limit=200&since=1h`)).json()) as {
    'agent.run_id': string;
    'service.name': string;
  }[];
  const run = runs.find((one) => one['service.name'] === 'support-agent')?.['agent.run_id'] ?? '';

  await mkdir(outDir, { recursive: true });
  const browser = await startBrowser();
  const day = new Date().toISOString().slice(0, 10);
  const shots = [
    { file: 'overview.png', at: '/', width: 1280, height: 860, colorScheme: 'light' },
    { file: 'run.png', at: `/runs/${run}`, width: 1280, height: 700, colorScheme: 'light' },
    { file: 'runs.png', at: `/runs?from=${day}T00:00`, width: 1280, height: 620, colorScheme: 'dark' },
    { file: 'tools.png', at: '/tools', width: 1280, height: 520, colorScheme: 'light' },
    {
      file: 'diagnose.png',
      // The history has its story in its last hours.
      at: '/diagnose?from=5h&against=7d&agent=support',
      width: 1280,
      height: 760,
      colorScheme: 'light',
    },
  ] as const;
  for (const { file, at, width, height, colorScheme } of shots) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(url + at);
    await page.screenshot({ path: path.join(outDir, file) });
    process.stdout.write(`docs/images/${file}\n`);
  }
  await browser.close();
} finally {
  demo.kill('SIGTERM');
  await once(demo, 'exit');
  await rm(dataDir, { recursive: true, force: true });
}
