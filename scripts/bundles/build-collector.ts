// Builds the Collector distribution of collector/manifest.yaml and puts the binary into build/otelcol-tallyspan.
// With an argument: the path to write instead.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const target = path.resolve(process.argv[2] ?? path.join(root, 'build/otelcol-tallyspan'));

const build = spawnSync(process.execPath, [path.join(root, 'test/stack/build-servers.ts'), 'collector'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const binary = build.stdout.trim();
if (build.status !== 0 || !path.isAbsolute(binary)) {
  process.stderr.write(
    binary.startsWith('SKIP')
      ? 'The Collector is built from Go modules: install Go 1.26 or later and run this again.\n'
      : 'The Collector could not be built; the message above says why.\n',
  );
  process.exitCode = 1;
} else {
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(binary, target);
  chmodSync(target, 0o755);
  process.stdout.write(`${target}\n`);
}
