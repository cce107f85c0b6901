// Native ES modules (node --experimental-vm-modules); swc only strips the types.
/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/.stryker-tmp', '/dist/'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic', importSource: 'preact' } },
          target: 'es2023',
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Nothing is timed: this only ends what hangs, on a machine that is busy with other things, too.
  testTimeout: 240_000,
  // The suites wait for processes and servers half of the time: twice the cores of a small machine.
  maxWorkers: 4,
  // A worker keeps memory of every suite that it ran, up to 2 GB of all; a new one takes its place.
  workerIdleMemoryLimit: '1GB',
  testSequencer: '<rootDir>/scripts/long-first.ts',
};
