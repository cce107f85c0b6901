#!/usr/bin/env node
// Entry point. Checks the Node version before it loads anything that an older Node cannot parse, and starts the
// embedded server so that it gives memory back.

import { readFileSync } from 'node:fs';

const REQUIRED = [22, 15];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < REQUIRED[0] || (major === REQUIRED[0] && minor < REQUIRED[1])) {
  process.stderr.write(
    `tallyspan: Node ${process.versions.node} is too old; it needs Node ${REQUIRED.join('.')} or newer. ` +
      'Install a newer Node, or run: npx -p node@24 -p tallyspan tallyspan\n',
  );
  process.exitCode = 1;
} else if (
  process.argv[2] === 'statusline' &&
  !process.argv.includes('--help') &&
  !process.argv.includes('-h')
) {
  // It is called several times a minute and waited for: it has a program of its own, small and quick to start.
  const { runStatusLine } = await import('./statusline.js');
  await runStatusLine(process.argv.slice(3));
} else if (process.argv[2] === 'claude' && process.argv[3] === 'guard' && process.argv.length === 4) {
  // Each prompt and each tool of Claude Code waits for it.
  const { runGuard } = await import('./guard.js');
  await runGuard();
} else {
  setUpMemory();
  const { main } = await import('./program.js');
  process.exitCode = await main(process.argv.slice(2));
}

/**
 * Restarts this program, in the same process, with the options of V8 and the variables of allocators that
 * memory-settings.json has: they are read when a process starts (docs/decisions/0028). With the variables set
 * beforehand it goes on as it is.
 */
function setUpMemory() {
  if (process.platform !== 'linux' || !['up', 'demo', 'import'].includes(process.argv[2])) return;
  const settings = readFileSync(new URL('memory-settings.json', import.meta.url), 'utf8');
  const { options, variables } = JSON.parse(settings);
  const isSet = Object.keys(variables).every((name) => process.env[name] !== undefined);
  // A channel to a parent in Node does not survive.
  if (isSet || process.channel) return;
  const args = [process.execPath, ...options, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(process.execPath, args, { ...variables, ...process.env });
}
