// npm run dev: the embedded server, built and started again on each change of its sources. Arguments go to
// `tallyspan up`; without --data it has a data folder of its own in build/.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from './bundles/bundle.ts';
import { ensureBuilt } from './ensure-built.ts';
import { restartOnChange } from './restart-on-change.ts';

const given = process.argv.slice(2);
const data = given.some((word) => word === '--data' || word.startsWith('--data='))
  ? []
  : ['--data', path.join(root, 'build/dev')];

const server = await restartOnChange({
  folders: ['alerts', 'cli', 'core', 'instrumentation', 'server', 'signals'].map((name) =>
    path.join(root, name),
  ),
  ignored: ['dist', 'node_modules'],
  build: async () => {
    await ensureBuilt();
  },
  start: () =>
    spawn(process.execPath, [path.join(root, 'cli/dist/main.js'), 'up', ...data, ...given], {
      stdio: 'inherit',
    }),
  say: (line) => {
    process.stderr.write(`dev: ${line}\n`);
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void server.stop().then(() => process.exit());
  });
