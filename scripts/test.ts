// npm test: builds what the tests run, then runs every jest suite once.
// The last line is `N passed, N failed, N skipped`; arguments go to jest (paths, -t).

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt } from './ensure-built.ts';
import { runJest } from './jest.ts';

await ensureBuilt();

const reportDir = mkdtempSync(path.join(tmpdir(), 'tallyspan-test-'));
const reportFile = path.join(reportDir, 'report.json');
const status = runJest(
  ['--json', `--outputFile=${reportFile}`, '--forceExit=false', ...process.argv.slice(2)],
  ['inherit', 'ignore', 'inherit'],
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
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
process.stdout.write(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests} skipped\n`,
);
