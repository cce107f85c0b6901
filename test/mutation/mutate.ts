// `npm run mutate -- AREA...`: changes the code of these areas (all when none is named) place by place and tells
// which changes no test notices. `--force` judges every mutant again, also those that an earlier run has judged.

import { mkdirSync } from 'node:fs';
import { Stryker } from '@stryker-mutator/core';
import { AREA_VARIABLE, AREAS, areaOf } from './areas.ts';

const names = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const isForced = process.argv.includes('--force');
/** Per cent of the mutants of an area that must be found. */
const LEAST_SCORE = 90;

mkdirSync('build/mutation', { recursive: true });
for (const name of names.length > 0 ? names : Object.keys(AREAS)) {
  const { code, remembers } = areaOf(name);
  process.env[AREA_VARIABLE] = name;
  await new Stryker({
    mutate: [...code],
    plugins: ['./test/mutation/in-process-runner.ts'],
    testRunner: 'in-process',
    coverageAnalysis: 'perTest',
    // What runs only once, as a module is loaded, can be judged where modules are imported anew.
    ignoreStatic: !remembers,
    concurrency: 1,
    // What was imported anew stays in memory.
    maxTestRunnerReuse: remembers ? 200 : 0,
    incremental: true,
    incrementalFile: `build/mutation/${name}.incremental.json`,
    force: isForced,
    // Loops without an end are stopped by their count; a busy machine must not look like one.
    timeoutMS: 60_000,
    dryRunTimeoutMinutes: 20,
    tempDirName: `.stryker-tmp/${name}`,
    cleanTempDir: 'always',
    ignorePatterns: [
      '/*',
      '!/core',
      '!/signals',
      '!/server',
      '!/alerts',
      '!/cli',
      '!/test',
      '!/package.json',
      'dist',
      '*.md',
    ],
    allowEmpty: false,
    reporters: ['clear-text', 'json'],
    jsonReporter: { fileName: `build/mutation/${name}.json` },
    clearTextReporter: { allowColor: false, reportTests: false, skipFull: true, reportMutants: false },
    thresholds: { high: 95, low: LEAST_SCORE, break: LEAST_SCORE },
  }).runMutationTest();
}
