// npm test: builds what the tests run, then runs every jest suite once.
// The last line is `N passed, N failed, N skipped`; arguments go to jest (paths, -t).

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const node = process.execPath;

const build = spawnSync(node, ['scripts/build.ts'], { cwd: root, stdio: 'inherit' });
if (build.status !== 0) process.exit(build.status ?? 1);

const reportDir = mkdtempSync(path.join(tmpdir(), 'tallyspan-test-'));
const reportFile = path.join(reportDir, 'report.json');
const jest = spawnSync(
  node,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    path.join(root, 'node_modules/jest/bin/jest.js'),
    '--json',
    `--outputFile=${reportFile}`,
    '--forceExit=false',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ['inherit', 'ignore', 'inherit'] },
);

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

let report: Report;
try {
  report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
} catch {
  process.stderr.write('jest wrote no report: see its output above\n');
  process.exit(1);
} finally {
  rmSync(reportDir, { recursive: true, force: true });
}
// A suite that could not be loaded ran no test, so it counts as one failure.
const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
process.exitCode = jest.status === 0 && failed === 0 ? 0 : 1;
process.stdout.write(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests} skipped\n`,
);
