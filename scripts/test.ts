// npm test: builds what the tests run, then runs every jest suite once.
// The last line is `N passed, N failed, N skipped`; arguments go to jest (paths, -t).

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './bundles/bundle.ts';
import { ensureBuilt } from './ensure-built.ts';
import { runJest } from './jest.ts';

/** This many of the slowest files are named, if they take this long. */
const SLOWEST = 10;
const SLOW_MS = 30_000;

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
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
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
// Where the time goes, for who wants to keep it short.
const slowest = report.testResults
  .map(({ name, startTime, endTime }) => ({ name: path.relative(root, name), ms: endTime - startTime }))
  .toSorted((a, b) => b.ms - a.ms)
  .slice(0, SLOWEST)
  .filter(({ ms }) => ms >= SLOW_MS);
for (const { name, ms } of slowest) process.stderr.write(`slow: ${(ms / 1000).toFixed(0)} s ${name}\n`);

// A suite that could not be loaded ran no test, so it counts as one failure.
const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
process.stdout.write(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests} skipped\n`,
);
