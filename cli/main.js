#!/usr/bin/env node
// Entry point. Checks the Node version before it loads anything that an older Node cannot parse.

const REQUIRED = [22, 15];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < REQUIRED[0] || (major === REQUIRED[0] && minor < REQUIRED[1])) {
  process.stderr.write(
    `tallyspan: Node ${process.versions.node} is too old; it needs Node ${REQUIRED.join('.')} or newer. ` +
      'Install a newer Node, or run: npx -p node@24 -p tallyspan tallyspan\n',
  );
  process.exitCode = 1;
} else {
  const { main } = await import('./program.js');
  process.exitCode = await main(process.argv.slice(2));
}
